//! What a caller asks for: targets and percentages.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use run_api::{InvalidName, RevisionName, Tag};

/// A whole percentage from 0 to 100.
///
/// ```
/// use run_ops::Percent;
///
/// assert_eq!(Percent::new(10)?.get(), 10);
/// assert!(Percent::default().is_zero() && "100".parse::<Percent>()? == Percent::ALL);
/// assert!(Percent::new(101).is_err());
/// # Ok::<(), run_ops::InvalidTraffic>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u8);

impl Percent {
    /// All of it.
    pub const ALL: Self = Self(100);

    /// A percentage.
    ///
    /// # Errors
    /// If it is more than 100 or negative.
    pub fn new(percent: i32) -> Result<Self, InvalidTraffic> {
        match u8::try_from(percent) {
            Ok(small @ 0..=100) => Ok(Self(small)),
            _ => Err(InvalidTraffic::Percent { text: percent.to_string() }),
        }
    }

    /// The percentage as a number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }

    /// Whether it is 0 %.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl FromStr for Percent {
    type Err = InvalidTraffic;

    fn from_str(text: &str) -> Result<Self, InvalidTraffic> {
        let invalid = || InvalidTraffic::Percent { text: text.trim().to_owned() };
        text.trim().parse().map_err(|_| invalid()).and_then(Self::new)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where traffic goes. Ordered by revision name, with [`Latest`](Target::Latest) last.
///
/// ```
/// use run_ops::Target;
///
/// assert_eq!("LATEST".parse(), Ok(Target::Latest));
/// assert_eq!(Target::revision("hello-00001-abc")?.to_string(), "hello-00001-abc");
/// assert!(Target::revision("../hello").is_err());
/// # Ok::<(), run_api::InvalidName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One revision.
    Revision(RevisionName),
    /// Whichever revision is the latest ready one; written `LATEST`.
    Latest,
}

impl Target {
    /// A revision by its name.
    ///
    /// # Errors
    /// If the name cannot be one of a revision.
    pub fn revision(name: impl Into<String>) -> Result<Self, InvalidName> {
        RevisionName::new(name).map(Self::Revision)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revision(name) => name.fmt(f),
            Self::Latest => f.write_str("LATEST"),
        }
    }
}

impl FromStr for Target {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text == "LATEST" { Ok(Self::Latest) } else { Self::revision(text) }
    }
}

/// The shares that some targets shall have, at most 100 % in all. What is not assigned stays with the others.
///
/// The text form is that of gcloud's `--to-revisions`: `hello-00001-abc=90,LATEST=10`.
///
/// ```
/// use run_ops::{Percent, Target, TrafficShares};
///
/// let shares: TrafficShares = "hello-1=90,LATEST=10".parse()?;
/// assert_eq!((shares.sum(), shares.iter().count()), (100, 2));
/// assert_eq!(TrafficShares::all_to(Target::Latest), TrafficShares::new([(Target::Latest, Percent::ALL)])?);
/// assert!("hello-1=90,LATEST=20".parse::<TrafficShares>().is_err());
/// # Ok::<(), run_ops::InvalidTraffic>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrafficShares(BTreeMap<Target, Percent>);

impl TrafficShares {
    /// Checks the shares.
    ///
    /// # Errors
    /// If there are none, if a target stands twice, or if they are more than 100 % in all.
    pub fn new(shares: impl IntoIterator<Item = (Target, Percent)>) -> Result<Self, InvalidTraffic> {
        let mut map = BTreeMap::new();
        for (target, percent) in shares {
            if map.contains_key(&target) {
                return Err(InvalidTraffic::Twice { target });
            }
            map.insert(target, percent);
        }
        if map.is_empty() {
            return Err(InvalidTraffic::Empty);
        }
        let shares = Self(map);
        match shares.sum() {
            0..=100 => Ok(shares),
            sum => Err(InvalidTraffic::Over { sum }),
        }
    }

    /// Everything to one target.
    #[must_use]
    pub fn all_to(target: Target) -> Self {
        Self(BTreeMap::from([(target, Percent::ALL)]))
    }

    /// The shares in the order of their targets.
    pub fn iter(&self) -> impl Iterator<Item = (&Target, Percent)> {
        self.0.iter().map(|(target, percent)| (target, *percent))
    }

    /// The assigned percentage, at most 100.
    #[must_use]
    pub fn sum(&self) -> u32 {
        self.0.values().map(|percent| u32::from(percent.get())).sum()
    }

    pub(super) fn contains(&self, target: &Target) -> bool {
        self.0.contains_key(target)
    }
}

impl FromStr for TrafficShares {
    type Err = InvalidTraffic;

    fn from_str(text: &str) -> Result<Self, InvalidTraffic> {
        if text.trim().is_empty() {
            return Err(InvalidTraffic::Empty);
        }
        let share = |part: &str| {
            let (target, percent) =
                part.split_once('=').ok_or_else(|| InvalidTraffic::Syntax { text: part.to_owned() })?;
            Ok((target.trim().parse()?, percent.parse()?))
        };
        Self::new(text.split(',').map(share).collect::<Result<Vec<_>, InvalidTraffic>>()?)
    }
}

impl fmt::Display for TrafficShares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (target, percent)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{target}={percent}")?;
        }
        Ok(())
    }
}

/// A split that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidTraffic {
    /// No share at all.
    Empty,
    /// A share is not `TARGET=PERCENT`.
    Syntax {
        /// What stands there.
        text: String,
    },
    /// A percentage is not a whole number from 0 to 100.
    Percent {
        /// What stands there.
        text: String,
    },
    /// A target is no name of a revision, or a tag none that the server accepts.
    Name(InvalidName),
    /// A target stands twice.
    Twice {
        /// The target.
        target: Target,
    },
    /// A tag stands twice.
    TagTwice {
        /// The tag.
        tag: Tag,
    },
    /// Traffic is asked for by a tag that is on no target.
    UnknownTag {
        /// The tag.
        tag: Tag,
    },
    /// More than 100 % in all.
    Over {
        /// The sum, in percent.
        sum: u32,
    },
    /// Less than 100 %, and no target that could have the rest.
    NoneForTheRest {
        /// The sum, in percent.
        sum: u32,
    },
    /// The service's present split does not sum to 100 %, so that "the rest" has no meaning.
    Present {
        /// The sum, in percent.
        sum: i64,
    },
}

impl fmt::Display for InvalidTraffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no traffic target is given: it looks like `REVISION=PERCENT`"),
            Self::Syntax { text } => write!(f, "`{text}` is not a share: it looks like `REVISION=PERCENT`"),
            Self::Percent { text } => {
                write!(f, "`{text}` is not a percentage: it must be a whole number from 0 to 100")
            }
            Self::Name(error) => error.fmt(f),
            Self::Twice { target } => write!(f, "the target `{target}` is given twice"),
            Self::TagTwice { tag } => write!(f, "the tag `{tag}` is given twice"),
            Self::UnknownTag { tag } => write!(f, "it has no tag `{tag}`"),
            Self::Over { sum } => write!(f, "{sum} % of the traffic is assigned, which is more than 100 %"),
            Self::NoneForTheRest { sum } => write!(
                f,
                "only {sum} % of the traffic is assigned, and no other target has any: assign the other {} %, too",
                100 - sum
            ),
            Self::Present { sum } => {
                write!(f, "the service's present traffic sums to {sum} %, not 100 %: assign all 100 %")
            }
        }
    }
}

impl std::error::Error for InvalidTraffic {}

impl From<InvalidTraffic> for crate::Error {
    fn from(error: InvalidTraffic) -> Self {
        Self::other(error)
    }
}

impl From<InvalidName> for InvalidTraffic {
    fn from(error: InvalidName) -> Self {
        Self::Name(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for text in ["hello-1=90,LATEST=10", "a=0,b=100", "LATEST=5"] {
            assert_eq!(text.parse::<TrafficShares>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (text, message) in [
            ("", "no traffic target is given"),
            ("a", "`a` is not a share"),
            ("a=1,,b=2", "`` is not a share"),
            ("a=x", "`x` is not a percentage"),
            ("a=1.5", "`1.5` is not a percentage"),
            ("a=-1", "`-1` is not a percentage"),
            ("a=101", "`101` is not a percentage"),
            ("A=1", "revision name `A` is not valid"),
            ("..=1", "revision name `..` is not valid"),
            ("a=1,a=2", "the target `a` is given twice"),
            ("a=60,b=41", "101 % of the traffic is assigned"),
        ] {
            let error = text.parse::<TrafficShares>().unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
