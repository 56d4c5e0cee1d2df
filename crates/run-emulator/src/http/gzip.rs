//! Compressed answers.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Response, header};

/// Shorter bodies are not worth it.
const SHORTEST: usize = 1024;

/// Compresses an answer if the request accepts that and it is long enough.
pub(super) fn compress(answer: Response<Bytes>, request: &HeaderMap) -> Response<Bytes> {
    if answer.body().len() < SHORTEST || !accepts(request) {
        return answer;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let compressed = encoder.write_all(answer.body()).and_then(|()| encoder.finish());
    let Ok(compressed) = compressed else { return answer };
    let (mut parts, _) = answer.into_parts();
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Response::from_parts(parts, Bytes::from(compressed))
}

/// Whether `Accept-Encoding` names gzip, and not with a weight of zero.
fn accepts(request: &HeaderMap) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()) == Some(0.0);
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn answered(length: usize, accept: &'static str) -> Response<Bytes> {
        let request = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accept))]);
        compress(Response::new(Bytes::from("x".repeat(length))), &request)
    }

    #[test]
    fn long_answers_are_compressed_for_those_who_ask() {
        let answer = answered(5000, "br, gzip;q=0.5");
        assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&answer.body()[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "x".repeat(5000));
    }

    #[test]
    fn others_are_not() {
        for (length, accept) in [(5000, "identity"), (5000, "gzip;q=0"), (5000, ""), (100, "gzip")] {
            let answer = answered(length, accept);
            assert_eq!(answer.headers().get(header::CONTENT_ENCODING), None, "{accept}");
            assert_eq!(answer.body().len(), length);
        }
    }
}
