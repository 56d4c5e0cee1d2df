//! Shares asked for by tag.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use run_api::Tag;

use super::{InvalidTraffic, Percent, TrafficMap, TrafficShares};

/// The shares that the targets of some tags shall have, at most 100 % in all.
///
/// The text form is that of gcloud's `--to-tags`: `blue=90,green=10`.
///
/// ```
/// use run_ops::{TagShares, TrafficMap};
///
/// let targets: Vec<_> = serde_json::from_value(serde_json::json!([
///     {"latestRevision": true, "percent": 100}, {"revisionName": "hello-1", "tag": "blue"},
/// ]))?;
/// let shares: TagShares = "blue=10".parse()?;
/// assert_eq!(shares, TagShares::new(shares.iter().map(|(tag, percent)| (tag.clone(), percent)))?);
/// assert_eq!(shares.resolve(&TrafficMap::of_targets(&targets)?)?.to_string(), "hello-1=10");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagShares(BTreeMap<Tag, Percent>);

impl TagShares {
    /// Checks the shares.
    ///
    /// # Errors
    /// If there are none, if a tag stands twice, or if they are more than 100 % in all.
    pub fn new(shares: impl IntoIterator<Item = (Tag, Percent)>) -> Result<Self, InvalidTraffic> {
        let mut map = BTreeMap::new();
        for (tag, percent) in shares {
            if map.insert(tag.clone(), percent).is_some() {
                return Err(InvalidTraffic::TagTwice { tag });
            }
        }
        match map.values().map(|percent| u32::from(percent.get())).sum() {
            _ if map.is_empty() => Err(InvalidTraffic::Empty),
            0..=100 => Ok(Self(map)),
            sum => Err(InvalidTraffic::Over { sum }),
        }
    }

    /// The shares in the order of their tags.
    pub fn iter(&self) -> impl Iterator<Item = (&Tag, Percent)> {
        self.0.iter().map(|(tag, percent)| (tag, *percent))
    }

    /// The shares of the targets that the tags are on.
    ///
    /// # Errors
    /// [`InvalidTraffic::UnknownTag`], or [`InvalidTraffic::Twice`] if two of the tags are on one target:
    /// which of the two shares is meant cannot be told. (gcloud uses the last one.)
    pub fn resolve(&self, tags: &TrafficMap) -> Result<TrafficShares, InvalidTraffic> {
        let share = |(tag, percent): (&Tag, Percent)| {
            let target = tags.tagged(tag).ok_or_else(|| InvalidTraffic::UnknownTag { tag: tag.clone() })?;
            Ok((target.clone(), percent))
        };
        TrafficShares::new(self.iter().map(share).collect::<Result<Vec<_>, InvalidTraffic>>()?)
    }
}

impl FromStr for TagShares {
    type Err = InvalidTraffic;

    fn from_str(text: &str) -> Result<Self, InvalidTraffic> {
        if text.trim().is_empty() {
            return Err(InvalidTraffic::Empty);
        }
        let share = |part: &str| {
            let syntax = || InvalidTraffic::Syntax { text: part.to_owned() };
            let (tag, percent) = part.split_once('=').ok_or_else(syntax)?;
            Ok((Tag::new(tag.trim())?, percent.parse()?))
        };
        Self::new(text.split(',').map(share).collect::<Result<Vec<_>, InvalidTraffic>>()?)
    }
}

impl fmt::Display for TagShares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (tag, percent)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{tag}={percent}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_what_cannot_be_is_refused() {
        let shares: TagShares = "blue=90, green=10".parse().unwrap();
        assert_eq!(shares.to_string(), "blue=90,green=10");
        for (text, message) in [
            ("", "no traffic target is given"),
            ("blue", "`blue` is not a share"),
            ("blue=1,blue=2", "the tag `blue` is given twice"),
            ("blue=60,green=41", "101 % of the traffic is assigned"),
            ("Blue=1", "tag `Blue` is not valid"),
            ("blue=x", "`x` is not a percentage"),
        ] {
            let error = text.parse::<TagShares>().unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn tags_stand_for_their_targets() {
        let map: TrafficMap = "a=100 #blue #green, b=0 #old".parse().unwrap();
        let resolve = |text: &str| text.parse::<TagShares>().unwrap().resolve(&map);
        assert_eq!(resolve("blue=60,old=40").unwrap().to_string(), "a=60,b=40");
        assert!(matches!(resolve("blue=60,green=40"), Err(InvalidTraffic::Twice { .. })));
        assert_eq!(resolve("nope=1").unwrap_err().to_string(), "it has no tag `nope`");
    }
}
