//! The floors of a crate: which of its rooms may import from which.

use std::collections::BTreeMap;

use crate::sources::Sources;

/// The table of a crate, as its file has it.
///
/// A line of room names is a floor, the highest first: a room may import from the rooms of lower floors. A line
/// `circle A B …` allows these files to import from each other, `limit upward N` and `limit circles N` allow so many
/// imports that do not go down, and so many circles of files. The rest of a line after `#` is a comment.
#[derive(Debug, Default)]
pub(crate) struct Floors {
    floor_of: BTreeMap<String, usize>,
    pub(crate) circles_allowed: Vec<Vec<String>>,
    pub(crate) most_upward: usize,
    pub(crate) most_circles: usize,
}

impl Floors {
    pub(crate) fn parse(text: &str) -> Self {
        let mut floors = Self::default();
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split('#').next().unwrap_or("").split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                ["limit", "upward", most] => floors.most_upward = most.parse().expect("a number"),
                ["limit", "circles", most] => floors.most_circles = most.parse().expect("a number"),
                ["circle", files @ ..] => {
                    let mut files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
                    files.sort();
                    floors.circles_allowed.push(files);
                }
                rooms => {
                    for room in rooms {
                        let twice = floors.floor_of.insert((*room).to_owned(), number);
                        assert_eq!(twice, None, "the room `{room}` stands on two floors");
                    }
                }
            }
        }
        floors
    }

    /// The rooms of the crate that the table does not know, and those of the table that the crate does not have.
    pub(crate) fn unknown(&self, sources: &Sources) -> (Vec<String>, Vec<String>) {
        let mut rooms: Vec<String> = (0..sources.files.len())
            .filter(|file| !sources.files[*file].test && !sources.files[*file].generated)
            .filter_map(|file| sources.room(file).map(str::to_owned))
            .collect();
        rooms.sort();
        rooms.dedup();
        let gone = self.floor_of.keys().filter(|room| !rooms.contains(room)).cloned().collect();
        rooms.retain(|room| !self.floor_of.contains_key(room));
        (rooms, gone)
    }

    /// The imports from room to room that do not go down: `FILE imports from FILE`, by their rooms.
    pub(crate) fn upward(&self, sources: &Sources) -> BTreeMap<(String, String), Vec<String>> {
        let mut found: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (from, to) in &sources.imports {
            // The root names what the crate is made of; what is defined in it stands above everything.
            let Some(above) = sources.room(*from) else { continue };
            let below = sources.room(*to).unwrap_or("root");
            let floor = |room: &str| self.floor_of.get(room).copied();
            if above == below
                || floor(above).is_some_and(|above| floor(below).is_some_and(|below| above < below))
            {
                continue;
            }
            let line = format!("{} imports from {}", sources.files[*from].path, sources.files[*to].path);
            found.entry((above.to_owned(), below.to_owned())).or_default().push(line);
        }
        found
    }
}
