//! The HTML pages that Google's front end answers with.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// A page with one sentence.
pub(crate) fn html(status: StatusCode, sentence: &str) -> Response<Bytes> {
    let title = format!("Error {} ({})", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<title>{title}!!1</title>\n<p><b>{}.</b> \
         <ins>That’s an error.</ins>\n<p>{sentence} <ins>That’s all we know.</ins>\n",
        status.as_u16()
    );
    let mut response = Response::new(Bytes::from(page));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/html; charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
