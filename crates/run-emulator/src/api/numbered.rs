//! Pages of the lists whose token is a number: of the entries before the page.

use super::error::ApiError;

/// What a list request asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PageQuery<'a> {
    pub(crate) size: Option<usize>,
    pub(crate) token: Option<&'a str>,
}

/// One page, and the token of the next.
pub(crate) fn page<T>(
    entries: impl Iterator<Item = T>,
    query: PageQuery<'_>,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let start: usize = match query.token.filter(|token| !token.is_empty()) {
        Some(token) => token.parse().map_err(|_| ApiError::invalid("The page token is invalid."))?,
        None => 0,
    };
    let size = query.size.filter(|size| *size > 0).unwrap_or(usize::MAX);
    let mut rest = entries.skip(start);
    let page: Vec<T> = rest.by_ref().take(size).collect();
    let next = rest.next().map(|_| (start.saturating_add(page.len())).to_string());
    Ok((page, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let of = |size, token| page(0..5, PageQuery { size, token }).unwrap();
        assert_eq!(of(None, None), (vec![0, 1, 2, 3, 4], None));
        assert_eq!(of(Some(0), Some("")), (vec![0, 1, 2, 3, 4], None), "0 is none");
        let (first, next) = of(Some(3), None);
        assert_eq!((first, next.as_deref()), (vec![0, 1, 2], Some("3")));
        assert_eq!(of(Some(3), Some("3")), (vec![3, 4], None));
        assert_eq!(of(Some(2), Some("3")), (vec![3, 4], None), "nothing comes after a full page");
        assert_eq!(of(Some(2), Some("99")), (vec![], None));
        assert!(page(0..5, PageQuery { size: None, token: Some("x") }).is_err());
    }
}
