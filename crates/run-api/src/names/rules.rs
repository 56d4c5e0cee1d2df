//! The rules, each from name to the problem with it.

/// A DNS-1035 label: the rule for services and all that is named after them.
pub(super) fn label(name: &str) -> Result<(), String> {
    hyphenated(name, 63)?;
    if name.ends_with('-') {
        return Err("it ends with a hyphen".to_owned());
    }
    Ok(())
}

pub(super) fn region(name: &str) -> Result<(), String> {
    label(name)?;
    if !name.contains('-') || !name.ends_with(|c: char| c.is_ascii_digit()) {
        return Err("a region looks like `us-central1`".to_owned());
    }
    Ok(())
}

/// Ids have 6 to 30 characters today; older ones may be shorter or carry their organisation's domain.
pub(super) fn project(name: &str) -> Result<(), String> {
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) {
        return if name.len() <= 19 { Ok(()) } else { Err("it is too long for a project number".to_owned()) };
    }
    match name.split_once(':') {
        Some((owner, id)) => domain(owner).and_then(|()| label(id)),
        None => label(name),
    }
}

pub(super) fn domain(name: &str) -> Result<(), String> {
    if name.len() > 253 {
        return Err("it has more than 253 characters".to_owned());
    }
    if !name.contains('.') {
        return Err("a domain has at least one dot".to_owned());
    }
    name.split('.').try_for_each(|part| {
        let letters = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if letters.is_empty() && !part.is_empty() { Ok(()) } else { label(letters) }
    })
}

pub(super) fn operation(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("it is empty".to_owned());
    }
    if name.len() > 128 {
        return Err("it has more than 128 characters".to_owned());
    }
    match name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
        Some(other) => Err(format!("it has a {other:?}, and only letters, digits, `-` and `_` may be used")),
        None => Ok(()),
    }
}

fn hyphenated(name: &str, longest: usize) -> Result<(), String> {
    let Some(first) = name.chars().next() else {
        return Err("it is empty".to_owned());
    };
    let odd = name.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-'));
    if let Some(odd) = odd {
        let what = match odd {
            'A'..='Z' => "an upper-case letter".to_owned(),
            other => format!("a {other:?}"),
        };
        return Err(format!("it has {what}, and only lower-case letters, digits and hyphens may be used"));
    }
    if !first.is_ascii_lowercase() {
        return Err("it must start with a letter".to_owned());
    }
    if name.len() > longest {
        return Err(format!("it has {} characters, and at most {longest} may be used", name.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        let longest = "a".repeat(63);
        for good in ["a", "hello", "hello-2", "a1-b2", longest.as_str()] {
            assert_eq!(label(good), Ok(()), "{good}");
        }
        let too_long = "a".repeat(64);
        for bad in [
            "",
            "Hello",
            "1st",
            "-a",
            "a-",
            "..",
            ".",
            "a.b",
            "a/b",
            "a:setIamPolicy",
            "a b",
            "ä",
            "a\n",
            "%2e",
            &too_long,
        ] {
            assert!(label(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn projects() {
        for good in ["my-project", "123456789012", "example.com:my-project", "p"] {
            assert_eq!(project(good), Ok(()), "{good}");
        }
        for bad in
            ["", "My-Project", "..", "a:b", "a/b", "example.com:", ":b", "a.b:c:d", "12345678901234567890"]
        {
            assert!(project(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions() {
        for good in ["us-central1", "northamerica-northeast2", "me-west1"] {
            assert_eq!(region(good), Ok(()), "{good}");
        }
        for bad in
            ["", "-", "US-central1", "us", "us-central", "evil.example/us-central1", "us-central1.evil1"]
        {
            assert!(region(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn domains_and_operations() {
        for good in ["example.com", "www.4you.example.com", "a.b", "1.example.com"] {
            assert_eq!(domain(good), Ok(()), "{good}");
        }
        for bad in ["", "..", "example", "a..b", ".a", "a.", "a/b.c", "A.b"] {
            assert!(domain(bad).is_err(), "{bad}");
        }
        assert_eq!(operation("3f1e_-Z"), Ok(()));
        for bad in ["", "..", "a/b", "a:wait"] {
            assert!(operation(bad).is_err(), "{bad}");
        }
    }
}
