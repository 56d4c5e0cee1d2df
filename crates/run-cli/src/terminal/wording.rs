//! Errors in the words of people who use commands and do not call a library.

/// What the server adds to a message on lines of its own: the address of the logs, which is told apart, and general
/// advice. Each ends with an address.
const POSTSCRIPTS: [&str; 2] = ["Logs URL: ", "For more troubleshooting guidance, see "];

/// The text without the server's postscripts.
pub(crate) fn plain(text: &str) -> String {
    let mut lines = text.split('\n');
    let mut told = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        match POSTSCRIPTS.iter().find_map(|postscript| line.trim_start().strip_prefix(postscript)) {
            Some(address) => {
                told.truncate(told.trim_end().len());
                let end = address.find([' ', ')']).unwrap_or(address.len());
                told.push_str(&address[end..]);
            }
            None => {
                told.push('\n');
                told.push_str(line);
            }
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postscripts_go() {
        for (text, expected) in [
            ("nothing to change", "nothing to change"),
            ("two\n lines\n", "two\n lines\n"),
            (
                "it failed: no port.\n\nLogs URL: https://c/l?a=b\nFor more troubleshooting guidance, see https://c/t#x (generation 2 was written)",
                "it failed: no port. (generation 2 was written)",
            ),
            ("no port.\nLogs URL: https://c/l\nand more", "no port.\nand more"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
