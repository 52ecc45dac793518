//! As much of Redis' protocol (RESP2) as the fixtures themselves speak.

use std::io::{Error, Result};
use std::path::PathBuf;

use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpStream, UnixStream};

/// Where a server listens.
#[derive(Clone, Debug)]
pub(super) enum Endpoint {
    /// A socket in its own directory: past TCP, TLS and whatever a test puts between.
    Socket(PathBuf),
    /// A port of the loopback address.
    Port(u16),
}

impl Endpoint {
    /// Sends commands over one connection; returns the answer to the last. The parts of an array are lines, nil is empty.
    ///
    /// # Errors
    /// If there is no connection or no answer; if Redis answers any of them with an error, that is the message.
    pub(super) async fn ask(&self, commands: &[&[&str]]) -> Result<String> {
        match self {
            Self::Socket(path) => talk(UnixStream::connect(path).await?, commands).await,
            Self::Port(port) => talk(TcpStream::connect(("127.0.0.1", *port)).await?, commands).await,
        }
    }
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, commands: &[&[&str]]) -> Result<String> {
    let mut stream = BufReader::new(stream);
    let mut answer = String::new();
    for command in commands {
        stream.write_all(spell(command).as_bytes()).await?;
        answer = read(&mut stream).await?;
    }
    Ok(answer)
}

fn spell(command: &[&str]) -> String {
    let words = command.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
    format!("*{}\r\n", command.len()) + &words.collect::<String>()
}

async fn read(stream: &mut BufReader<impl AsyncRead + Unpin>) -> Result<String> {
    let mut parts = Vec::new();
    let mut awaited = 1;
    while awaited > 0 {
        awaited -= 1;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let line = line.trim_end();
        let (kind, rest) = line.split_at_checked(1).ok_or(Error::other("the connection was closed"))?;
        match kind {
            "-" => return Err(Error::other(rest.to_owned())),
            "+" | ":" => parts.push(rest.to_owned()),
            // Minus one stands for nil.
            "*" => awaited += rest.parse().unwrap_or(0),
            "$" => parts.push(read_bulk(stream, rest.parse().unwrap_or(0)).await?),
            _ => return Err(Error::other(format!("not RESP: {line}"))),
        }
    }
    Ok(parts.join("\n"))
}

async fn read_bulk(stream: &mut BufReader<impl AsyncRead + Unpin>, length: isize) -> Result<String> {
    let Ok(length) = usize::try_from(length) else { return Ok(String::new()) };
    let mut bytes = vec![0; length + 2];
    stream.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn parse(text: &'static str) -> Result<String> {
        read(&mut BufReader::new(text.as_bytes())).await
    }

    #[tokio::test]
    async fn answers_of_every_kind_become_lines() {
        for (answer, expected) in [
            ("+PONG\r\n", "PONG"),
            (":12\r\n", "12"),
            ("$5\r\na\r\nbc\r\n", "a\r\nbc"),
            ("$-1\r\n", ""),
            ("*-1\r\n", ""),
            ("*2\r\n$1\r\na\r\n*2\r\n:1\r\n+b\r\n", "a\n1\nb"),
        ] {
            assert_eq!(parse(answer).await.unwrap(), expected, "{answer:?}");
        }
        assert_eq!(parse("-ERR no\r\n").await.unwrap_err().to_string(), "ERR no");
        assert!(parse("").await.is_err());
        assert!(parse("$5\r\nab").await.is_err());
    }

    #[test]
    fn a_command_is_an_array_of_strings() {
        assert_eq!(spell(&["GET", "é"]), "*2\r\n$3\r\nGET\r\n$2\r\né\r\n");
    }
}
