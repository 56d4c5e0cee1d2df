//! Where a discovery document is read from: a file or an address.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long a download may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reads the text of a document.
///
/// # Errors
/// If the file cannot be read, or the server cannot be reached or answers with a failure.
pub(super) fn read(source: &str) -> Result<String> {
    if source.starts_with("http://") || source.starts_with("https://") {
        return download(source).with_context(|| format!("cannot download `{source}`"));
    }
    fs::read_to_string(source).with_context(|| format!("cannot read `{source}`"))
}

fn download(address: &str) -> Result<String> {
    // An error means that another part of the process has installed one, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        let response = client.get(address).send().await?;
        let status = response.status();
        if !status.is_success() {
            bail!("the server answered {status}");
        }
        Ok(response.text().await?)
    })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A server that answers one request with a status line and a body.
    fn serve_once(status: &'static str, body: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/document", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let request = BufReader::new(stream.try_clone().unwrap());
            assert!(request.lines().map_while(Result::ok).any(|line| line.is_empty()));
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        });
        address
    }

    #[test]
    fn documents_are_downloaded() {
        assert_eq!(read(&serve_once("200 OK", "{}")).unwrap(), "{}");
    }

    #[test]
    fn a_failed_download_names_address_and_status() {
        let address = serve_once("404 Not Found", "no such page");
        let error = read(&address).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            format!("cannot download `{address}`: the server answered 404 Not Found")
        );
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let error = read("/nowhere/at/all.json").unwrap_err();
        assert!(format!("{error:#}").starts_with("cannot read `/nowhere/at/all.json`: "), "{error:#}");
    }
}
