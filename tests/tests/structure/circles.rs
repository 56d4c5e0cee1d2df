//! Circles of files: those that import, over others or directly, from each other.

use std::collections::BTreeSet;

use crate::sources::{FileId, Sources};

/// The circles of a crate, each as the sorted paths of its files.
pub(crate) fn circles(sources: &Sources) -> Vec<Vec<String>> {
    let groups = strongly_connected(sources.files.len(), &sources.imports);
    let mut circles: Vec<Vec<String>> = groups
        .into_iter()
        .filter(|group| group.len() > 1)
        .map(|group| {
            let mut paths: Vec<String> =
                group.into_iter().map(|file| sources.files[file].path.clone()).collect();
            paths.sort();
            paths
        })
        .collect();
    circles.sort();
    circles
}

/// The imports within a circle, to see where it can be cut.
pub(crate) fn within<'a>(sources: &'a Sources, circle: &'a [String]) -> impl Iterator<Item = String> + 'a {
    let path = |file: &FileId| &sources.files[*file].path;
    sources
        .imports
        .iter()
        .filter(move |(from, to)| circle.contains(path(from)) && circle.contains(path(to)))
        .map(move |(from, to)| format!("{} imports from {}", path(from), path(to)))
}

/// Those that reach each other. A crate has few enough files to ask for each what it reaches, and what reaches it.
fn strongly_connected(nodes: usize, edges: &BTreeSet<(FileId, FileId)>) -> Vec<Vec<FileId>> {
    let reach = |from: FileId, backwards: bool| {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(here) = open.pop() {
            for (one, other) in edges {
                let (start, end) = if backwards { (other, one) } else { (one, other) };
                if *start == here && seen.insert(*end) {
                    open.push(*end);
                }
            }
        }
        seen
    };
    let mut groups = Vec::new();
    let mut placed = BTreeSet::new();
    for node in 0..nodes {
        if !placed.contains(&node) {
            let group: Vec<FileId> = reach(node, false).intersection(&reach(node, true)).copied().collect();
            placed.extend(group.iter().copied());
            groups.push(group);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_reach_each_other_are_one_group() {
        let edges = BTreeSet::from([(0, 1), (1, 2), (2, 1), (2, 3), (4, 0)]);
        assert_eq!(strongly_connected(5, &edges), [vec![0], vec![1, 2], vec![3], vec![4]]);
    }
}
