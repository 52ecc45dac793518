//! Small charts, drawn here.

/// What happened minute by minute, as a line, and said in words.
pub(super) struct Chart {
    pub(super) title: &'static str,
    /// In the last minute that has passed; none where the first has not.
    pub(super) last: Option<u64>,
    /// For who does not see the line.
    pub(super) words: String,
    /// The points of the line, in a field of [`WIDTH`] by [`HEIGHT`].
    pub(super) points: String,
}

/// One for each minute of an hour.
pub(super) const WIDTH: usize = 60;
/// In the same unit.
pub(super) const HEIGHT: u64 = 20;

impl Chart {
    /// A chart of these minutes, oldest first.
    pub(super) fn of(title: &'static str, minutes: &[u64]) -> Self {
        let most = minutes.iter().copied().max().unwrap_or_default();
        Self {
            title,
            last: minutes.last().copied(),
            words: words(title, minutes, most),
            points: points(minutes, most),
        }
    }
}

fn words(title: &str, minutes: &[u64], most: u64) -> String {
    match minutes.last() {
        None => format!("{title}: the first minute has not passed yet"),
        Some(last) => {
            format!("{title}: {last} in the last minute, at most {most} in one of the last {}", minutes.len())
        }
    }
}

/// The newest minute stands at the right edge.
fn points(minutes: &[u64], most: u64) -> String {
    let left = WIDTH.saturating_sub(minutes.len());
    let height = |count: u64| HEIGHT - count.saturating_mul(HEIGHT) / most.max(1);
    let points = minutes.iter().enumerate().map(|(at, count)| format!("{},{}", left + at, height(*count)));
    points.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_minute_reaches_the_top_and_the_newest_the_right() {
        let chart = Chart::of("Refreshes", &[0, 10, 5]);
        assert_eq!(chart.points, "57,20 58,0 59,10");
        assert_eq!(chart.words, "Refreshes: 5 in the last minute, at most 10 in one of the last 3");
        assert_eq!(Chart::of("Refreshes", &[0, 0]).points, "58,20 59,20");
        let none = Chart::of("Refreshes", &[]);
        assert_eq!((none.points.as_str(), none.last), ("", None));
        Chart::of("Refreshes", &[u64::MAX]);
    }
}
