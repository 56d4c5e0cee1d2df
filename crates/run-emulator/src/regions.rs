//! The regions of Cloud Run and their short codes in URLs.

/// One region.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) name: &'static str,
    /// The two letters that end a service's host name. (Seen in public URLs for most regions; the others are
    /// ours to choose.)
    pub(crate) code: &'static str,
    pub(crate) place: &'static str,
}

/// The region with this name.
pub(crate) fn find(name: &str) -> Option<&'static Region> {
    let at = ALL.binary_search_by(|region| region.name.cmp(name)).ok()?;
    ALL.get(at)
}

/// The region that a host name of the form `{region}-rest` starts with.
pub(crate) fn of_prefix(host: &str) -> Option<&'static Region> {
    host.match_indices('-').find_map(|(at, _)| find(&host[..at]))
}

const fn region(name: &'static str, code: &'static str, place: &'static str) -> Region {
    Region { name, code, place }
}

/// Every region for which the API's discovery document lists an endpoint, in the order of their names.
pub(crate) static ALL: [Region; 48] = [
    region("africa-south1", "bq", "Johannesburg"),
    region("asia-east1", "de", "Taiwan"),
    region("asia-east2", "df", "Hong Kong"),
    region("asia-northeast1", "an", "Tokyo"),
    region("asia-northeast2", "dt", "Osaka"),
    region("asia-northeast3", "du", "Seoul"),
    region("asia-south1", "el", "Mumbai"),
    region("asia-south2", "em", "Delhi"),
    region("asia-southeast1", "as", "Singapore"),
    region("asia-southeast2", "et", "Jakarta"),
    region("asia-southeast3", "eu", "Bangkok"),
    region("asia-southeast4", "ev", "Kuala Lumpur"),
    region("australia-southeast1", "ts", "Sydney"),
    region("australia-southeast2", "km", "Melbourne"),
    region("europe-central2", "lm", "Warsaw"),
    region("europe-north1", "lz", "Finland"),
    region("europe-north2", "ma", "Stockholm"),
    region("europe-southwest1", "no", "Madrid"),
    region("europe-west1", "ew", "Belgium"),
    region("europe-west10", "oe", "Berlin"),
    region("europe-west12", "og", "Turin"),
    region("europe-west15", "oj", "Europe West 15"),
    region("europe-west2", "nw", "London"),
    region("europe-west3", "ey", "Frankfurt"),
    region("europe-west4", "ez", "Netherlands"),
    region("europe-west6", "oa", "Zurich"),
    region("europe-west8", "oc", "Milan"),
    region("europe-west9", "od", "Paris"),
    region("me-central1", "ww", "Doha"),
    region("me-central2", "wx", "Dammam"),
    region("me-west1", "zf", "Tel Aviv"),
    region("northamerica-northeast1", "nn", "Montreal"),
    region("northamerica-northeast2", "pd", "Toronto"),
    region("northamerica-south1", "pv", "Queretaro"),
    region("southamerica-east1", "rj", "Sao Paulo"),
    region("southamerica-west1", "tl", "Santiago"),
    region("us-central1", "uc", "Iowa"),
    region("us-central2", "ud", "Oklahoma"),
    region("us-east1", "ue", "South Carolina"),
    region("us-east4", "uk", "Northern Virginia"),
    region("us-east5", "ul", "Columbus"),
    region("us-east7", "un", "Alabama"),
    region("us-south1", "vp", "Dallas"),
    region("us-west1", "uw", "Oregon"),
    region("us-west2", "wl", "Los Angeles"),
    region("us-west3", "wm", "Salt Lake City"),
    region("us-west4", "wn", "Las Vegas"),
    region("us-west8", "wr", "Phoenix"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_codes_are_unique() {
        assert!(ALL.is_sorted_by(|a, b| a.name < b.name));
        let mut codes: Vec<_> = ALL.iter().map(|region| region.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ALL.len());
    }

    #[test]
    fn prefixes() {
        assert_eq!(of_prefix("us-central1-run.googleapis.com").unwrap().name, "us-central1");
        assert_eq!(of_prefix("europe-west12-localhost").unwrap().name, "europe-west12");
        assert_eq!(of_prefix("run.googleapis.com"), None);
        assert_eq!(of_prefix("mars-north1-run.googleapis.com"), None);
    }
}
