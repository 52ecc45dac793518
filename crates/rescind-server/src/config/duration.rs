//! Durations as people write them.

use std::time::Duration;

/// A whole number and a unit: `250ms`, `90s`, `15m`, `24h`, `14d`; or a bare `0`.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let malformed =
        || "a duration is a whole number and a unit, such as 250ms, 90s, 15m, 24h or 14d".to_owned();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or_else(malformed)?);
    let millis_per_unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(malformed()),
    };
    let number: u64 = number.parse().map_err(|_| malformed())?;
    Ok(Duration::from_millis(number.checked_mul(millis_per_unit).ok_or_else(malformed)?))
}

/// The same within bounds, both of them allowed.
pub(super) fn within(text: &str, least: &str, most: &str) -> Result<Duration, String> {
    let duration = parse(text)?;
    if duration < parse(least)? || duration > parse(most)? {
        return Err(format!("it must be {least} to {most}"));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("250ms", 250),
            ("90s", 90_000),
            ("15m", 900_000),
            ("24h", 86_400_000),
            ("14d", 1_209_600_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "15",
            "m",
            "1.5h",
            "-1s",
            "+1s",
            "1 s",
            "1H",
            "1h30m",
            "1w",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
