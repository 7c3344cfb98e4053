//! TLS of outgoing requests: rustls on ring, with the system's roots.

use std::sync::Once;

/// A builder of HTTP clients that speak https.
pub fn http_client() -> reqwest::ClientBuilder {
    static CHOSEN: Once = Once::new();
    // Another part of the program may have chosen before: then that holds, and the error says so.
    CHOSEN.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    reqwest::Client::builder()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn https_is_spoken() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let greeted = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody");
            let mut first = [0; 1];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut first).await.expect("a byte");
            first[0]
        });
        let client = http_client().no_proxy().build().expect("a client");
        assert!(
            client.get(format!("https://127.0.0.1:{port}/")).send().await.is_err(),
            "nobody shakes hands"
        );
        assert_eq!(greeted.await.expect("a greeting"), 0x16, "a TLS handshake");
    }
}
