//! Lists and maps.
//! (Source: `gcloud topic escaping`.)

use serde_json::Value;

/// The items of a list: `A,B`, or `^:^A,B:C` with another separator. An empty text is an empty list.
pub(crate) fn list(text: &str) -> Result<Vec<String>, String> {
    let (separator, text) = match text.strip_prefix('^').and_then(|rest| rest.split_once('^')) {
        Some(("", _)) => return Err("between the two `^` stands the separator: `^:^A:B`".to_owned()),
        Some((separator, rest)) => (separator, rest),
        None => (",", text),
    };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    // A separator at the end closes the last item.
    let text = text.strip_suffix(separator).unwrap_or(text);
    Ok(text.split(separator).map(str::to_owned).collect())
}

/// The entries of a map: `KEY=VALUE,KEY=VALUE`. Of a key that is given twice the last value counts.
pub(crate) fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for item in list(text)? {
        // The item itself may be a secret that lost its name.
        let (key, value) = item
            .split_once('=')
            .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| "each entry must look like KEY=VALUE".to_owned())?;
        match pairs.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => pairs.push((key, value)),
        }
    }
    Ok(pairs)
}

/// The entries of a file: a map in YAML or JSON, or lines `KEY=VALUE` with `#` for comments and quotes around values.
pub(crate) fn file_of_pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let is_lines = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let is_lines = is_lines.is_some_and(|line| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        line.split_once('=').is_some_and(|(key, _)| {
            !key.is_empty() && key.chars().all(|character| character.is_alphanumeric() || character == '_')
        })
    });
    if is_lines { lines(text) } else { map(text) }
}

fn lines(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) =
            line.split_once('=').ok_or_else(|| format!("line {} does not look like KEY=VALUE", at + 1))?;
        let value = value.trim();
        let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        pairs.push((key.trim().to_owned(), quoted.unwrap_or(value).to_owned()));
    }
    Ok(pairs)
}

fn map(text: &str) -> Result<Vec<(String, String)>, String> {
    let value: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| match value {
                Value::String(text) => Ok((key, text)),
                // As gcloud: `1.10` would become `1.1` if it were taken for a number.
                _ => Err(format!("the value of `{key}` is not text: put it in quotes")),
            })
            .collect(),
        _ => Err("it is neither a map nor lines KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        for (text, expected) in [
            ("a,b", vec!["a", "b"]),
            ("a", vec!["a"]),
            ("", vec![]),
            ("a,", vec!["a"]),
            ("a,,b", vec!["a", "", "b"]),
            ("^:^a,b:c", vec!["a,b", "c"]),
            ("^::^a:b::c", vec!["a:b", "c"]),
            ("^,^^a^,b,c", vec!["^a^", "b", "c"]),
            ("^a", vec!["^a"]),
            ("a^b", vec!["a^b"]),
        ] {
            assert_eq!(list(text).unwrap(), expected, "{text}");
        }
        assert!(list("^^a").is_err());
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn maps() {
        assert_eq!(pairs("A=1,B=x=y").unwrap(), [pair("A", "1"), pair("B", "x=y")]);
        assert_eq!(pairs("^;^A=1,2;B=3").unwrap(), [pair("A", "1,2"), pair("B", "3")]);
        assert_eq!(pairs("A=1,A=2").unwrap(), [pair("A", "2")]);
        assert_eq!(pairs("A=").unwrap(), [pair("A", "")]);
        assert_eq!(pairs("").unwrap(), []);
        for bad in ["hunter2", "=1", "A=1,hunter2"] {
            let error = pairs(bad).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn files() {
        assert_eq!(file_of_pairs("A: \"1\"\nB: two\n").unwrap(), [pair("A", "1"), pair("B", "two")]);
        assert_eq!(file_of_pairs("{\"A\": \"1\"}").unwrap(), [pair("A", "1")]);
        let lines = "# comment\nA=1\nexport B='two words'\n\nC=\"x=y\"\n";
        assert_eq!(file_of_pairs(lines).unwrap(), [pair("A", "1"), pair("B", "two words"), pair("C", "x=y")]);
        assert_eq!(file_of_pairs("").unwrap(), []);
        assert!(file_of_pairs("A: 1.10").unwrap_err().contains("put it in quotes"));
        assert!(file_of_pairs("- A").is_err());
        assert!(file_of_pairs("A=1\nB\n").unwrap_err().contains("line 2"));
    }
}
