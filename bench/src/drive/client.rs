//! A small HTTP/1.1 client: one kept connection, one request at a time, as little work as possible beside what is measured.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Failure;

/// A connection to a server on the loopback address.
pub struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
}

/// What came back.
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: BytesMut,
}

/// What the head of a reply says about its body.
struct Head {
    length: usize,
    status: u16,
    body: Option<usize>,
}

impl Connection {
    /// Connects.
    pub async fn open(port: u16) -> Result<Self, Failure> {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: BytesMut::with_capacity(64 * 1024) })
    }

    /// Sends a whole request and reads the whole reply.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Reply, Failure> {
        self.stream.write_all(request).await?;
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break head(&self.buffer[..end], end + 4)?;
            }
            self.more().await?;
        };
        self.buffer.advance(head.length);
        let body = match head.body {
            Some(length) => {
                while self.buffer.len() < length {
                    self.more().await?;
                }
                self.buffer.split_to(length)
            }
            None => self.chunks().await?,
        };
        Ok(Reply { status: head.status, body })
    }

    async fn chunks(&mut self) -> Result<BytesMut, Failure> {
        let mut body = BytesMut::new();
        loop {
            let end = loop {
                if let Some(end) = find(&self.buffer, b"\r\n") {
                    break end;
                }
                self.more().await?;
            };
            let size = usize::from_str_radix(std::str::from_utf8(&self.buffer[..end])?.trim(), 16)?;
            while self.buffer.len() < end + 2 + size + 2 {
                self.more().await?;
            }
            body.extend_from_slice(&self.buffer[end + 2..end + 2 + size]);
            self.buffer.advance(end + 2 + size + 2);
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn more(&mut self) -> Result<(), Failure> {
        self.buffer.reserve(32 * 1024);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            Err("the server closed the connection".into())
        } else {
            Ok(())
        }
    }
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

fn head(bytes: &[u8], length: usize) -> Result<Head, Failure> {
    let text = std::str::from_utf8(bytes)?;
    let status = text.get(9..12).and_then(|code| code.parse().ok()).ok_or("a reply without a status")?;
    let named = |name: &str| {
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    let body = match named("content-length") {
        Some(length) => Some(length.parse()?),
        None if named("transfer-encoding").is_some() => None,
        None => Some(0),
    };
    Ok(Head { length, status, body })
}
