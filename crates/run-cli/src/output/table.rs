//! Tables as gcloud prints them: upper-case headings, two spaces between columns.

use crate::query::Align;

/// A table for people: headings and rows.
pub(crate) fn render<const N: usize>(headings: [&str; N], rows: &[Vec<String>]) -> String {
    draw(Some(headings.map(str::to_owned).to_vec()), rows, &[], false, 2)
}

/// A table; columns stand on the left if `aligns` does not say otherwise.
pub(super) fn draw(
    headings: Option<Vec<String>>,
    rows: &[Vec<String>],
    aligns: &[Align],
    boxed: bool,
    pad: usize,
) -> String {
    let all = || headings.iter().chain(rows);
    let columns = all().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let between = if boxed { " │ ".to_owned() } else { " ".repeat(pad) };
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (at, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            if at > 0 {
                line.push_str(&between);
            }
            push_padded(&mut line, cell, width, aligns.get(at).copied().unwrap_or_default());
        }
        if boxed {
            return format!("│ {line} │");
        }
        line.truncate(line.trim_end().len());
        line
    };
    let mut lines: Vec<String> = all().map(line).collect();
    if boxed {
        let rule = |left: &str, middle: &str, right: &str| {
            let bars: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
            format!("{left}{}{right}", bars.join(middle))
        };
        if headings.is_some() {
            lines.insert(1, rule("├", "┼", "┤"));
        }
        lines.insert(0, rule("┌", "┬", "┐"));
        lines.push(rule("└", "┴", "┘"));
    }
    lines.join("\n")
}

/// How many columns a terminal of this width has room for: those at the left, and two at least.
pub(super) fn columns_that_fit(headings: &[String], rows: &[Vec<String>], pad: usize, room: usize) -> usize {
    let width = |column: usize| {
        let all = std::iter::once(headings).chain(rows.iter().map(Vec::as_slice));
        all.filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut taken = 0;
    let fits = (0..headings.len()).take_while(|&column| {
        taken += width(column) + if column > 0 { pad } else { 0 };
        taken <= room
    });
    fits.count().max(2).min(headings.len())
}

/// Writes a cell. (Formatting by `format!` takes several times as long, which a long list shows.)
fn push_padded(line: &mut String, cell: &str, width: usize, align: Align) {
    let missing = width.saturating_sub(cell.chars().count());
    let before = match align {
        Align::Left => 0,
        Align::Center => missing / 2,
        Align::Right => missing,
    };
    line.extend(std::iter::repeat_n(' ', before));
    line.push_str(cell);
    line.extend(std::iter::repeat_n(' ', missing - before));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["✔".to_owned(), "a".to_owned(), "us-central1".to_owned()]];
        assert_eq!(render(["", "SERVICE", "REGION"], &rows), "   SERVICE  REGION\n✔  a        us-central1");
    }

    #[test]
    fn a_narrow_terminal_gets_the_columns_at_the_left() {
        let cells = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let (headings, rows) =
            (cells(["", "SERVICE", "REGION", "URL"]), [cells(["✔", "a", "us-central1", "http://a"])]);
        // 1 + 2 + 7 + 2 + 11 + 2 + 8
        for (room, expected) in [(200, 4), (33, 4), (32, 3), (23, 3), (22, 2), (5, 2), (0, 2)] {
            assert_eq!(columns_that_fit(&headings, &rows, 2, room), expected, "{room}");
        }
    }

    #[test]
    fn cells_are_padded_by_characters() {
        for (align, expected) in [(Align::Left, "é   "), (Align::Center, " é  "), (Align::Right, "   é")] {
            let mut line = String::new();
            push_padded(&mut line, "é", 4, align);
            assert_eq!(line, expected);
        }
    }
}
