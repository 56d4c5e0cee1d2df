//! `beta` and `alpha` before a command: gcloud's release tracks, which the API does not have.

use std::ffi::OsString;

/// Takes away `beta`, `alpha` and `run` before the command, wherever flags stand, and says which launch stage that is. The first
/// argument is the program's name; `takes_value` says whether a flag of every command has its value in the next argument.
pub(crate) fn without_track(
    arguments: impl IntoIterator<Item = OsString>,
    takes_value: &dyn Fn(&str) -> bool,
) -> (Vec<OsString>, Option<&'static str>) {
    let (mut kept, mut stage) = (Vec::new(), None);
    let mut arguments = arguments.into_iter();
    kept.extend(arguments.next());
    let (mut is_value, mut is_before) = (false, true);
    for argument in arguments {
        let text = argument.to_str().unwrap_or_default();
        let is_flag = !is_value && text.starts_with('-') && text.len() > 1;
        if is_before && !is_value && !is_flag {
            match text {
                "beta" => stage = Some("BETA"),
                "alpha" => stage = Some("ALPHA"),
                _ => {}
            }
            if matches!(text, "beta" | "alpha" | "run") {
                continue;
            }
            is_before = false;
        }
        is_value = is_before && is_flag && !text.contains('=') && takes_value(text);
        is_before &= text != "--";
        kept.push(argument);
    }
    (kept, stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_go_and_nothing_else_does() {
        for (line, expected) in [
            ("runctl beta run deploy run --image beta", "runctl deploy run --image beta"),
            ("runctl beta deploy beta", "runctl deploy beta"),
            ("runctl alpha services list", "runctl services list"),
            ("runctl run services list", "runctl services list"),
            ("runctl services describe run", "runctl services describe run"),
            ("runctl --project run beta run deploy x", "runctl --project run deploy x"),
            ("runctl --project=run run deploy x", "runctl --project=run deploy x"),
            ("runctl -q beta services list", "runctl -q services list"),
            ("runctl -- beta", "runctl -- beta"),
            ("runctl", "runctl"),
            ("runctl beta", "runctl"),
        ] {
            let words = line.split(' ').map(OsString::from);
            let (kept, stage) = without_track(words, &|flag| flag == "--project");
            let kept: Vec<&str> = kept.iter().map(|word| word.to_str().unwrap()).collect();
            assert_eq!(kept.join(" "), expected, "{line}");
            let expected =
                ["beta", "alpha"].iter().position(|track| line.starts_with(&format!("runctl {track}")));
            assert_eq!(stage, expected.map(|at| ["BETA", "ALPHA"][at]).or(stage), "{line}");
        }
    }
}
