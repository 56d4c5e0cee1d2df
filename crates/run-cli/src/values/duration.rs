//! Durations.

use std::time::Duration;

/// Reads a duration as gcloud does: seconds (`300`), parts with units (`1h30m`, `2d`), or ISO 8601 (`PT5M`).
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is not a duration such as `300`, `5m`, `1h30m` or `PT5M`");
    let upper = text.trim().to_uppercase();
    if let Ok(seconds) = upper.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let (date, time) = match upper.strip_prefix('P') {
        Some(rest) => match rest.split_once('T') {
            Some((date, time)) if !time.is_empty() => (date, time),
            Some(_) => return Err(bad()),
            None => (rest, ""),
        },
        None => ("", upper.as_str()),
    };
    let days = parts(date, &[("W", 7 * 86_400), ("D", 86_400)]);
    let hours = parts(time, &[("W", 7 * 86_400), ("D", 86_400), ("H", 3600), ("M", 60), ("S", 1)]);
    match (days, hours) {
        (Some(days), Some(hours)) if !(date.is_empty() && time.is_empty()) => {
            days.checked_add(hours).map(Duration::from_secs).ok_or_else(bad)
        }
        _ => Err(bad()),
    }
}

/// The seconds of numbers with units, the units in this order and each at most once.
fn parts(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (mut rest, mut seconds, mut units) = (text, 0_u64, units.iter());
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let after = &rest[end..];
        let (unit, factor) = units.find(|(unit, _)| after.starts_with(unit))?;
        seconds = seconds.checked_add(number.checked_mul(*factor)?)?;
        rest = &after[unit.len()..];
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("300", Some(300)),
            ("0", Some(0)),
            ("300s", Some(300)),
            ("5m", Some(300)),
            ("1h30m", Some(5400)),
            ("10m5s", Some(605)),
            ("2d", Some(172_800)),
            ("1w", Some(604_800)),
            ("1H", Some(3600)),
            ("PT5M", Some(300)),
            ("P1D", Some(86_400)),
            ("P1DT1S", Some(86_401)),
            ("", None),
            ("P", None),
            ("PT", None),
            ("soon", None),
            ("-5", None),
            ("5m1h", None),
            ("5m5m", None),
            ("1.5h", None),
            ("99999999999999999999s", None),
            ("18446744073709551615w", None),
        ] {
            assert_eq!(duration(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
