//! The values of flags of `runctl emulator`.

use run_emulator::{Caller, Delays, ImageBehaviour};
use serde_json::{Map, Value};

/// `IMAGE=BEHAVIOUR`.
pub(crate) fn image(text: &str) -> Result<(String, ImageBehaviour), String> {
    let (image, behaviour) = pair(text)?;
    Ok((
        image.to_owned(),
        behaviour.parse().map_err(|error: run_emulator::InvalidBehaviour| error.to_string())?,
    ))
}

/// `TOKEN=PRINCIPAL[=ROLE,...]`.
pub(crate) fn caller(text: &str) -> Result<(String, Caller), String> {
    let (token, rest) = pair(text)?;
    let (principal, roles) = rest.split_once('=').unwrap_or((rest, ""));
    if !principal.contains(':') {
        return Err(format!("`{principal}` is no member of a policy, such as user:ada@example.com"));
    }
    let roles = roles.split(',').filter(|role| !role.is_empty());
    Ok((token.to_owned(), roles.fold(Caller::new(principal), Caller::role)))
}

/// `STAGE=MILLISECONDS`.
pub(crate) fn delay(text: &str) -> Result<(String, u64), String> {
    let (stage, milliseconds) = pair(text)?;
    let milliseconds =
        milliseconds.parse().map_err(|_| format!("`{milliseconds}` is no number of milliseconds"))?;
    with_delays(Delays::none(), &[(stage.to_owned(), milliseconds)])?;
    Ok((stage.to_owned(), milliseconds))
}

fn pair(text: &str) -> Result<(&str, &str), String> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| "a name, `=` and a value are needed".to_owned())
}

/// Delays with some of the stages changed.
pub(crate) fn with_delays(delays: Delays, changed: &[(String, u64)]) -> Result<Delays, String> {
    let said = |error: serde_json::Error| error.to_string();
    let mut stages: Map<String, Value> =
        serde_json::to_value(delays).and_then(serde_json::from_value).map_err(said)?;
    for (stage, milliseconds) in changed {
        stages.insert(stage.clone(), (*milliseconds).into());
    }
    serde_json::from_value(stages.into()).map_err(said)
}

/// `ID` or `ID=NUMBER`.
pub(crate) fn project(text: &str) -> Result<(&str, Option<u64>), String> {
    match text.split_once('=') {
        None => Ok((text, None)),
        Some((id, number)) => match number.parse() {
            Ok(number) => Ok((id, Some(number))),
            Err(_) => Err(format!("`{number}` is no project number")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn callers() {
        let ada = Caller::new("user:ada@example.com");
        assert_eq!(caller("t=user:ada@example.com"), Ok(("t".to_owned(), ada.clone())));
        let both = ada.role("roles/run.viewer").role("roles/run.invoker");
        assert_eq!(
            caller("t=user:ada@example.com=roles/run.viewer,roles/run.invoker"),
            Ok(("t".to_owned(), both))
        );
        for bad in ["t", "=user:ada", "t=ada"] {
            assert!(caller(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn delays() {
        let changed = [("import".to_owned(), 500), ("task".to_owned(), 0)];
        let delays = with_delays(Delays::uniform(Duration::from_millis(7)), &changed).unwrap();
        let expected = Delays {
            import: Duration::from_millis(500),
            task: Duration::ZERO,
            ..Delays::uniform(Duration::from_millis(7))
        };
        assert_eq!(delays, expected);
        let unknown = delay("imports=1").unwrap_err();
        assert!(unknown.contains("unknown field `imports`") && unknown.contains("`provision`"), "{unknown}");
        for bad in ["import", "=1", "import=", "import=-1", "import=1s"] {
            assert!(delay(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn images_and_projects() {
        let exits = ImageBehaviour::Exits { code: 3 };
        assert_eq!(image("gcr.io/a/b:1=exits:3"), Ok(("gcr.io/a/b:1".to_owned(), exits)));
        assert!(image("gcr.io/a/b").is_err() && image("gcr.io/a/b=x").is_err());
        assert_eq!(project("demo"), Ok(("demo", None)));
        assert_eq!(project("demo=12"), Ok(("demo", Some(12))));
        assert!(project("demo=x").is_err());
    }
}
