//! A whole split, and the arithmetic that keeps it at 100 %.

use std::collections::BTreeMap;

use run_api::types::TrafficTarget;

use super::{InvalidTraffic, Percent, Target, TrafficShares};

/// Shares of all traffic: 100 % in all, by construction.
///
/// ```
/// use run_ops::{Target, TrafficSplit};
///
/// let split = TrafficSplit::of_targets(&[])?;
/// assert_eq!(split, TrafficSplit::all_to(Target::Latest));
/// let split = split.assign(&"hello-1=10".parse()?)?;
/// assert_eq!((split.share(&Target::Latest).get(), split.iter().count()), (90, 2));
/// # Ok::<(), run_ops::InvalidTraffic>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficSplit(BTreeMap<Target, Percent>);

impl TrafficSplit {
    /// Everything to one target.
    #[must_use]
    pub fn all_to(target: Target) -> Self {
        Self(BTreeMap::from([(target, Percent::ALL)]))
    }

    /// The split that shares of 100 % in all make by themselves; none if they leave a rest.
    pub(super) fn exactly(shares: &TrafficShares) -> Option<Self> {
        let given = shares.iter().filter(|(_, percent)| !percent.is_zero());
        (shares.sum() == 100)
            .then(|| Self(given.map(|(target, percent)| (target.clone(), percent)).collect()))
    }

    /// The split of a service's traffic targets, tags left aside. No targets at all means that the latest
    /// revision has everything, as it does for the server.
    ///
    /// # Errors
    /// If the targets do not sum to 100 % or one has no usable name.
    pub fn of_targets(targets: &[TrafficTarget]) -> Result<Self, InvalidTraffic> {
        if targets.is_empty() {
            return Ok(Self::all_to(Target::Latest));
        }
        let split = Self::lenient(targets)?;
        let sum: i64 = split.0.values().map(|percent| i64::from(percent.get())).sum();
        if sum == 100 { Ok(split) } else { Err(InvalidTraffic::Present { sum }) }
    }

    /// The same of a list that need not sum to 100 %.
    pub(super) fn lenient(targets: &[TrafficTarget]) -> Result<Self, InvalidTraffic> {
        let mut sums: BTreeMap<Target, i64> = BTreeMap::new();
        for target in targets {
            let percent = i64::from(target.percent.unwrap_or(0));
            if percent != 0 {
                *sums.entry(target_of(target)?).or_default() += percent;
            }
        }
        let sum = sums.values().sum();
        if sums.values().any(|percent| !(0..=100).contains(percent)) {
            return Err(InvalidTraffic::Present { sum });
        }
        let percent = |(target, percent)| {
            let percent = i32::try_from(percent).map_err(|_| InvalidTraffic::Present { sum })?;
            Ok((target, Percent::new(percent)?))
        };
        sums.into_iter().map(percent).collect::<Result<_, InvalidTraffic>>().map(Self)
    }

    /// The split after some targets were given new shares: the others keep the rest in their proportions.
    ///
    /// This is the arithmetic of `gcloud run services update-traffic`, on whole percents. Shares are cut to
    /// whole percents, and the missing ones go to those that lost the largest fraction; among equals to the
    /// smaller share, then to the lower name. Targets set to 0 leave the split; one that others squeeze to 0
    /// stays, at 0 %. Unlike gcloud, a revision that stands several times in the list counts with the sum of
    /// its shares.
    ///
    /// # Errors
    /// [`InvalidTraffic::NoneForTheRest`] if the new shares are less than 100 % and no other target has any.
    pub fn assign(&self, shares: &TrafficShares) -> Result<Self, InvalidTraffic> {
        let others: Vec<(&Target, u32)> = self
            .0
            .iter()
            .filter(|(target, percent)| !percent.is_zero() && !shares.contains(target))
            .map(|(target, percent)| (target, u32::from(percent.get())))
            .collect();
        let rest = 100 - shares.sum();
        let mut split: BTreeMap<Target, Percent> = shares
            .iter()
            .filter(|(_, percent)| !percent.is_zero())
            .map(|(target, percent)| (target.clone(), percent))
            .collect();
        if rest > 0 {
            if others.is_empty() {
                return Err(InvalidTraffic::NoneForTheRest { sum: shares.sum() });
            }
            let weights: Vec<u32> = others.iter().map(|(_, percent)| *percent).collect();
            for ((target, _), share) in others.iter().zip(apportion(rest, &weights)) {
                split.insert((*target).clone(), Percent::new(i32::try_from(share).unwrap_or(i32::MAX))?);
            }
        }
        Ok(Self(split))
    }

    /// The share of a target; 0 % if it has none.
    #[must_use]
    pub fn share(&self, target: &Target) -> Percent {
        self.0.get(target).copied().unwrap_or_default()
    }

    /// The shares in the order of their targets.
    pub fn iter(&self) -> impl Iterator<Item = (&Target, Percent)> {
        self.0.iter().map(|(target, percent)| (target, *percent))
    }
}

/// `whole` in parts proportional to the weights, which are in the order of their names and not all 0.
pub(crate) fn apportion(whole: u32, weights: &[u32]) -> Vec<u32> {
    // In 64 bits: a server may say anything.
    let weights: Vec<u64> = weights.iter().map(|weight| u64::from(*weight)).collect();
    let (whole, total) = (u64::from(whole), weights.iter().sum::<u64>().max(1));
    let mut parts: Vec<u64> = weights.iter().map(|weight| weight * whole / total).collect();
    let missing = usize::try_from(whole - parts.iter().sum::<u64>()).unwrap_or(usize::MAX);
    let mut order: Vec<usize> = (0..weights.len()).collect();
    // A stable sort: among equals the lower name stays first.
    order.sort_by_key(|&at| (std::cmp::Reverse(weights[at] * whole % total), weights[at]));
    for at in order.into_iter().take(missing) {
        parts[at] += 1;
    }
    parts.into_iter().map(|part| u32::try_from(part).unwrap_or(u32::MAX)).collect()
}

/// A target that names no revision is the latest one: so says the API of an entry with only a tag. So is one that
/// says so, even if it names a revision: in a status, that is the one which is the latest now.
pub(super) fn target_of(target: &TrafficTarget) -> Result<Target, InvalidTraffic> {
    match target.revision_name.as_deref() {
        _ if target.latest_revision == Some(true) => Ok(Target::Latest),
        Some(name) if !name.is_empty() => Ok(Target::revision(name)?),
        _ => Ok(Target::Latest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> TrafficSplit {
        let shares: TrafficShares = text.parse().unwrap();
        assert_eq!(shares.sum(), 100, "{text}");
        TrafficSplit::all_to(Target::Latest).assign(&shares).unwrap()
    }

    fn text(split: &TrafficSplit) -> String {
        split.iter().map(|(target, percent)| format!("{target}={percent}")).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn the_others_keep_their_proportions() {
        for (before, shares, after) in [
            ("LATEST=100", "r1=10", "r1=10,LATEST=90"),
            ("a=34,b=33,c=33", "d=50", "a=17,b=17,c=16,d=50"),
            ("a=25,b=25,c=25,d=25", "e=50", "a=13,b=13,c=12,d=12,e=50"),
            ("b=25,c=50,LATEST=25", "e=10", "b=23,c=45,e=10,LATEST=22"),
            ("a=1,b=99", "c=99", "a=0,b=1,c=99"),
            ("a=50,b=50", "a=0", "b=100"),
            ("a=50,b=50", "c=100", "c=100"),
            ("a=50,b=50", "a=20,b=80", "a=20,b=80"),
        ] {
            assert_eq!(
                text(&split(before).assign(&shares.parse().unwrap()).unwrap()),
                after,
                "{before} + {shares}"
            );
        }
    }

    #[test]
    fn somebody_must_have_the_rest() {
        for (before, shares) in [("LATEST=100", "LATEST=10"), ("a=50,b=50", "a=10,b=10"), ("a=100", "a=0")] {
            let result = split(before).assign(&shares.parse().unwrap());
            assert!(matches!(result, Err(InvalidTraffic::NoneForTheRest { .. })), "{before} + {shares}");
        }
    }

    #[test]
    fn a_revision_listed_twice_counts_with_its_sum() {
        let targets: Vec<TrafficTarget> = serde_json::from_value(serde_json::json!([
            {"revisionName": "a", "percent": 50}, {"revisionName": "a", "percent": 30, "tag": "x"},
            {"revisionName": "b", "percent": 20},
        ]))
        .unwrap();
        let split = TrafficSplit::of_targets(&targets).unwrap().assign(&"c=10".parse().unwrap()).unwrap();
        assert_eq!(text(&split), "a=72,b=18,c=10");
    }

    #[test]
    fn targets_that_do_not_sum_to_100_are_refused() {
        for percents in [vec![50, 49], vec![0], vec![150, -50], vec![i32::MAX, i32::MAX]] {
            let target = |(at, percent): (usize, i32)| TrafficTarget {
                revision_name: Some(format!("r{at}")),
                percent: Some(percent),
                ..TrafficTarget::default()
            };
            let targets: Vec<_> = percents.iter().copied().enumerate().map(target).collect();
            assert!(TrafficSplit::of_targets(&targets).is_err(), "{percents:?}");
        }
    }

    fn any_split() -> impl Strategy<Value = TrafficSplit> {
        proptest::collection::vec(0u32..40, 1..8).prop_map(|weights| {
            let weights: Vec<u32> =
                if weights.iter().sum::<u32>() == 0 { vec![1; weights.len()] } else { weights };
            let name = |at: usize| Target::revision(format!("r{at}")).unwrap();
            let percent = |share: u32| Percent::new(i32::try_from(share).unwrap()).unwrap();
            let shares = apportion(100, &weights).into_iter().enumerate();
            TrafficSplit(shares.map(|(at, share)| (name(at), percent(share))).collect())
        })
    }

    proptest! {
        #[test]
        fn a_split_always_sums_to_100_and_keeps_the_order_of_size(
            split in any_split(),
            wanted in proptest::collection::btree_map(0usize..10, 0i32..30, 1..3),
        ) {
            let shares = wanted.iter().map(|(at, percent)| {
                (Target::revision(format!("r{at}")).unwrap(), Percent::new(*percent).unwrap())
            });
            let shares = TrafficShares::new(shares).unwrap();
            if let Ok(after) = split.assign(&shares) {
                let sum: u32 = after.iter().map(|(_, percent)| u32::from(percent.get())).sum();
                prop_assert_eq!(sum, 100);
                for (target, percent) in shares.iter() {
                    prop_assert_eq!(after.share(target), percent);
                }
                let kept: Vec<_> = split.iter().filter(|(target, _)| !shares.contains(target)).collect();
                for (a, before_a) in &kept {
                    for (b, before_b) in &kept {
                        prop_assert!(before_a <= before_b || after.share(a) >= after.share(b));
                    }
                }
            }
        }
    }
}
