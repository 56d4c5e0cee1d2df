//! References to images.

use super::parts::Parts;
use super::violation::Violations;

/// (Seen, with this text. Which hosts are accepted depends on the world outside.)
pub(super) fn images(parts: &Parts<'_>, found: &mut Violations) {
    for (path, container) in parts.containers() {
        let image = container.image.as_deref().unwrap_or_default();
        if !is_reference(image) {
            found.add(format!("{path}.image"), wrong_image(image));
        }
    }
}

/// What is said of an image that is refused.
pub(crate) fn wrong_image(image: &str) -> String {
    format!(
        "Expected an image path like [host/]repo-path[:tag and/or @digest], where host is one of [region.]gcr.io, \
         [region-]docker.pkg.dev or docker.io but obtained {image}."
    )
}

/// Whether a text has the form of an image reference.
pub(crate) fn is_reference(image: &str) -> bool {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    !name.is_empty()
        && name.chars().all(allowed)
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with(['.', '-', ':']))
        && digest.is_none_or(|digest| digest.strip_prefix("sha256:").is_some_and(hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let digest = format!("gcr.io/a/b@sha256:{}", "0".repeat(64));
        for good in ["nginx", "docker.io/a/b:1.0", "europe-docker.pkg.dev/p/r/i", "localhost:5000/a", &digest]
        {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["", " ", "a b", "http://a/b?", "a//b", "/a", "a@sha256:00", "a@", "../a"] {
            assert!(!is_reference(bad), "{bad}");
        }
    }
}
