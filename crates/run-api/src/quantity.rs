//! Quantities of CPU and memory, as Kubernetes writes them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of CPU, memory or another resource: the value behind the text of a limit such as `500m` or `1.5Gi`.
///
/// Equality, order and hash are those of the value, so that `1`, `1.0`, `1000m` and `1e0` are the same. The value is
/// exact: a number that cannot be kept is refused and never rounded. [`Display`](fmt::Display) writes the canonical
/// form, which is what clients that use Kubernetes' own types send back for a quantity that they have read.
///
/// ```
/// use run_api::Quantity;
///
/// let memory: Quantity = "1.5Gi".parse()?;
/// assert_eq!(memory, "1536Mi".parse()?);
/// assert_eq!(memory.to_bytes(), Some(1_610_612_736));
/// assert_eq!(memory.to_string(), "1536Mi");
///
/// let cpu: Quantity = "0.5".parse()?;
/// assert_eq!(cpu.to_millis(), Some(500));
/// assert!(cpu < "1".parse()?);
/// # Ok::<(), run_api::QuantityError>(())
/// ```
///
/// The syntax and the canonical form are Kubernetes':
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>. Kubernetes rounds what is finer
/// than a billionth and cuts what is larger than 2⁶³ − 1; here both are errors.
#[derive(Clone, Copy)]
pub struct Quantity {
    /// In billionths.
    nanos: i128,
    notation: Notation,
}

/// How a quantity was written, which is how its canonical form is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    /// With `m`, `k`, `M` and so on, or no suffix.
    Decimal,
    /// With `Ki`, `Mi` and so on.
    Binary,
    /// With an exponent: `1e3`.
    Exponent,
}

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantityError {
    /// It is no number with one of the known suffixes.
    #[error(
        "`{0}` is no quantity: it should be a number, and after it one of n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or an exponent"
    )]
    Malformed(String),
    /// It is larger than 2⁶³ − 1, or less than the negative of that.
    #[error("the quantity `{0}` is too large")]
    TooLarge(String),
    /// It is no multiple of a billionth.
    #[error("the quantity `{0}` is finer than a billionth")]
    TooFine(String),
}

const NANO: i128 = 1_000_000_000;
/// The largest amount, in billionths.
const MOST: i128 = i64::MAX as i128 * NANO;

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
/// By how many powers of 1024.
const BINARY: [(&str, u32); 6] = [("Ki", 1), ("Mi", 2), ("Gi", 3), ("Ti", 4), ("Pi", 5), ("Ei", 6)];

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self { nanos: 0, notation: Notation::Decimal };

    /// So many thousandths, for example of a CPU: 500 is `500m`.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self { nanos: millis as i128 * 1_000_000, notation: Notation::Decimal }
    }

    /// So many bytes: 536870912 is `512Mi`. None above 2⁶³ − 1.
    #[must_use]
    pub fn from_bytes(bytes: u64) -> Option<Self> {
        Self { nanos: 0, notation: Notation::Binary }.with(i128::from(bytes) * NANO)
    }

    /// The amount in thousandths; none if it is no multiple of a thousandth, or too large.
    #[must_use]
    pub fn to_millis(self) -> Option<i64> {
        (self.nanos % 1_000_000 == 0).then(|| i64::try_from(self.nanos / 1_000_000).ok()).flatten()
    }

    /// The amount in whole units, which are bytes for memory; none if it has a fraction or is negative.
    #[must_use]
    pub fn to_bytes(self) -> Option<u64> {
        (self.nanos % NANO == 0).then(|| u64::try_from(self.nanos / NANO).ok()).flatten()
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// The sum, written as this one is; none if it is too large.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.with(self.nanos.checked_add(other.nanos)?)
    }

    /// The difference, written as this one is; none if it is too large.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.with(self.nanos.checked_sub(other.nanos)?)
    }

    /// So many times the amount; none if that is too large.
    #[must_use]
    pub fn checked_mul(self, times: u64) -> Option<Self> {
        self.with(self.nanos.checked_mul(times.into())?)
    }

    /// Whether two texts say the same amount. Texts that are no quantities do so only if they are equal.
    ///
    /// ```
    /// use run_api::Quantity;
    ///
    /// assert!(Quantity::same("1000m", "1"));
    /// assert!(!Quantity::same("1G", "1Gi"));
    /// assert!(Quantity::same("lots", "lots"));
    /// ```
    #[must_use]
    pub fn same(one: &str, other: &str) -> bool {
        one == other || matches!((one.parse::<Self>(), other.parse::<Self>()), (Ok(a), Ok(b)) if a == b)
    }

    fn with(self, nanos: i128) -> Option<Self> {
        (nanos.abs() <= MOST).then_some(Self { nanos, ..self })
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let parts = Parts::of(text).ok_or_else(|| QuantityError::Malformed(text.to_owned()))?;
        let nanos = parts.nanos().map_err(|what| match what {
            Unfit::Large => QuantityError::TooLarge(text.to_owned()),
            Unfit::Fine => QuantityError::TooFine(text.to_owned()),
        })?;
        Ok(Self { nanos, notation: parts.notation })
    }
}

/// A quantity taken apart: `digits` · 10^`power` · 1024^`binary`.
struct Parts {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: String,
    power: i64,
    binary: u32,
    notation: Notation,
}

enum Unfit {
    Large,
    Fine,
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at_checked(end)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let (power, binary, notation) = read_suffix(suffix)?;
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0').to_owned();
        let zeros = all.len() - all.trim_end_matches('0').len();
        let shift = i64::try_from(zeros).ok()? - i64::try_from(fraction.len()).ok()?;
        Some(Self { negative, digits, power: power.saturating_add(shift), binary, notation })
    }

    fn nanos(&self) -> Result<i128, Unfit> {
        if self.digits.is_empty() {
            return Ok(0);
        }
        // More digits than a quantity can have: either some are before what fits, or some are behind it.
        let before_the_point =
            self.power.saturating_add(i64::try_from(self.digits.len()).unwrap_or(i64::MAX));
        if before_the_point > 19 {
            return Err(Unfit::Large);
        }
        let digits: i128 = self.digits.parse().map_err(|_| Unfit::Fine)?;
        let digits = digits.checked_mul(1 << (10 * self.binary)).ok_or(Unfit::Large)?;
        let power = self.power.saturating_add(9);
        let factor = u32::try_from(power.unsigned_abs()).ok().and_then(|power| 10_i128.checked_pow(power));
        let nanos = match factor {
            Some(factor) if power >= 0 => digits.checked_mul(factor).ok_or(Unfit::Large)?,
            Some(factor) if digits % factor == 0 => digits / factor,
            _ => return Err(Unfit::Fine),
        };
        if nanos > MOST {
            return Err(Unfit::Large);
        }
        Ok(if self.negative { -nanos } else { nanos })
    }
}

/// Powers of ten and of 1024. An `E` with nothing behind it is the suffix, else the start of an exponent.
fn read_suffix(suffix: &str) -> Option<(i64, u32, Notation)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(own, _)| *own == suffix) {
        return Some((i64::from(*power), 0, Notation::Decimal));
    }
    if let Some((_, power)) = BINARY.iter().find(|(own, _)| *own == suffix) {
        return Some((0, *power, Notation::Binary));
    }
    let power = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((power, 0, Notation::Exponent))
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.pad("0");
        }
        // What has a fraction, or less than 1024 units, is not written in powers of 1024.
        let whole = self.nanos % NANO == 0 && self.nanos.abs() >= 1024 * NANO;
        let (number, suffix) = match self.notation {
            Notation::Binary if whole => {
                let (number, power) = reduced(self.nanos / NANO, 1024);
                (
                    number,
                    BINARY.iter().find(|(_, own)| *own == power).map_or("", |(suffix, _)| suffix).to_owned(),
                )
            }
            Notation::Exponent => {
                let (number, power) = reduced(self.nanos, 1000);
                let power = 3 * i64::from(power) - 9;
                (number, if power == 0 { String::new() } else { format!("e{power}") })
            }
            _ => {
                let (number, power) = reduced(self.nanos, 1000);
                let at = usize::try_from(power).unwrap_or_default();
                (number, DECIMAL.get(at).map_or("", |(suffix, _)| suffix).to_owned())
            }
        };
        f.pad(&format!("{number}{suffix}"))
    }
}

/// Takes factors out of a number that is not zero, and counts them.
fn reduced(mut number: i128, factor: i128) -> (i128, u32) {
    let mut count = 0;
    while number % factor == 0 {
        number /= factor;
        count += 1;
    }
    (number, count)
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantity({self})")
    }
}

impl Default for Quantity {
    fn default() -> Self {
        Self::ZERO
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

impl TryFrom<&str> for Quantity {
    type Error = QuantityError;

    fn try_from(text: &str) -> Result<Self, QuantityError> {
        text.parse()
    }
}

impl TryFrom<String> for Quantity {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, QuantityError> {
        text.parse()
    }
}

/// As text, in the canonical form.
impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From text.
impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The examples of Kubernetes' page, and what its types were seen to write.
    #[test]
    fn canonical_forms() {
        for (text, canonical) in [
            ("1000m", "1"),
            ("1.5", "1500m"),
            ("1.5Gi", "1536Mi"),
            ("0.5Gi", "512Mi"),
            ("2.0Gi", "2Gi"),
            ("12.5M", "12500k"),
            ("1024", "1024"),
            ("1024Ki", "1Mi"),
            ("536870912", "536870912"),
            ("0.5Ki", "512"),
            ("0.1Gi", "107374182400m"),
            ("+.08", "80m"),
            ("-1.25", "-1250m"),
            ("1.", "1"),
            ("1e3", "1e3"),
            ("10E3", "10e3"),
            ("1e4", "10e3"),
            ("1e-9", "1e-9"),
            ("5e0", "5"),
            ("3E", "3E"),
            ("7Ei", "7Ei"),
            ("1500u", "1500u"),
            ("2000n", "2u"),
            ("0Mi", "0"),
            ("00010", "10"),
            ("-0", "0"),
        ] {
            assert_eq!(quantity(text).to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity() {
        for bad in [
            "",
            ".",
            "-",
            "+",
            "x",
            "1 ",
            " 1",
            "1x",
            "1ki",
            "1K",
            "1mi",
            "1KI",
            "1.2.3",
            "--1",
            "1e",
            "1e1.5",
            "1eE",
            "Mi",
            "1MiB",
            "1٣",
            "0x1",
            "1_000",
            "1e99999999999999999999",
        ] {
            assert_eq!(bad.parse::<Quantity>(), Err(QuantityError::Malformed(bad.to_owned())), "{bad}");
        }
        let nines = "9".repeat(100);
        for large in ["9223372036854775808", "8Ei", "1e19", "1e99999999", &nines, "10E"] {
            assert_eq!(large.parse::<Quantity>(), Err(QuantityError::TooLarge(large.to_owned())), "{large}");
        }
        let long = format!("0.{}1", "0".repeat(100));
        for fine in ["0.1n", "1e-10", "0.0000000001", "1e-99999999", &long, &format!("1.{nines}")] {
            assert_eq!(fine.parse::<Quantity>(), Err(QuantityError::TooFine(fine.to_owned())), "{fine}");
        }
        assert_eq!(quantity("9223372036854775807").to_bytes(), Some(i64::MAX as u64));
        assert_eq!(quantity(&format!("1{}e-90", "0".repeat(90))), quantity("1"));
    }

    #[test]
    fn thousandths_and_bytes() {
        assert_eq!(quantity("500m").to_millis(), Some(500));
        assert_eq!(quantity("0.0005").to_millis(), None);
        assert_eq!(quantity("0.5").to_bytes(), None);
        assert_eq!(quantity("-1").to_bytes(), None);
        assert_eq!(quantity("9E").to_millis(), None, "more thousandths than there are numbers");
        assert_eq!(Quantity::from_bytes(512 << 20).unwrap().to_string(), "512Mi");
        assert_eq!(Quantity::from_bytes(u64::MAX), None);
        assert_eq!(Quantity::from_millis(i64::MIN).to_string(), "-9223372036854775808m");
    }

    #[test]
    fn as_json() {
        assert_eq!(serde_json::to_string(&quantity("1000m")).unwrap(), "\"1\"");
        assert_eq!(serde_json::from_str::<Quantity>("\"1k\"").unwrap(), quantity("1000"));
        assert!(serde_json::from_str::<Quantity>("\"one\"").is_err());
    }

    #[test]
    fn sums() {
        let sum = quantity("1Gi").checked_add(quantity("512Mi")).unwrap();
        assert_eq!(sum.to_string(), "1536Mi");
        assert_eq!(quantity("250m").checked_mul(4), Some(quantity("1")));
        assert_eq!(quantity("1").checked_sub(quantity("1.5")), Some(quantity("-500m")));
        assert_eq!(quantity("7Ei").checked_add(quantity("7Ei")), None);
        assert_eq!(quantity("7Ei").checked_mul(u64::MAX), None);
    }

    fn suffixes() -> impl Strategy<Value = String> {
        let decimal = DECIMAL.iter().map(|(suffix, _)| (*suffix).to_owned());
        let binary = BINARY.iter().map(|(suffix, _)| (*suffix).to_owned());
        let plain: Vec<String> = decimal.chain(binary).collect();
        prop_oneof![proptest::sample::select(plain), (-12..12).prop_map(|power| format!("e{power}"))]
    }

    fn texts() -> impl Strategy<Value = String> {
        ("[+-]?[0-9]{1,8}(\\.[0-9]{0,6})?", suffixes())
            .prop_map(|(number, suffix)| format!("{number}{suffix}"))
    }

    proptest! {
        /// The canonical form is the same value, and canonical.
        #[test]
        fn the_canonical_form_says_the_same(text in texts()) {
            let Ok(value) = text.parse::<Quantity>() else { return Ok(()) };
            let canonical = value.to_string();
            prop_assert_eq!(quantity(&canonical), value, "{}", canonical);
            prop_assert_eq!(quantity(&canonical).to_string(), canonical.clone());
            prop_assert!(!canonical.contains('.') && !canonical.contains('+'), "{}", canonical);
        }

        /// Whatever it is, it is read or refused.
        #[test]
        fn any_text(text in ".{0,40}") {
            let _ = text.parse::<Quantity>();
        }

        /// Zeros that say nothing, and a point that moves with the exponent, change nothing.
        #[test]
        fn other_spellings(whole in 0_i64..1_000_000_000, suffix in suffixes(), zeros in 0_usize..30) {
            let plain = format!("{whole}{suffix}");
            let Ok(value) = plain.parse::<Quantity>() else { return Ok(()) };
            let zeros = "0".repeat(zeros);
            prop_assert_eq!(quantity(&format!("{zeros}{whole}.{zeros}{suffix}")), value);
            prop_assert!(Quantity::same(&plain, &value.to_string()));
        }

        /// Order, equality and sums are those of the numbers.
        #[test]
        fn like_numbers(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000) {
            let (one, other) = (Quantity::from_millis(a), quantity(&format!("{b}e-3")));
            prop_assert_eq!(one.cmp(&other), a.cmp(&b));
            prop_assert_eq!(one == other, a == b);
            prop_assert_eq!(one.checked_add(other).and_then(Quantity::to_millis), Some(a + b));
            prop_assert_eq!(one.checked_sub(other).and_then(Quantity::to_millis), Some(a - b));
        }

        /// A power of 1024 is what it says.
        #[test]
        fn powers_of_1024(count in 0_u64..1000, at in 0..BINARY.len()) {
            let (suffix, power) = BINARY[at];
            let bytes = count.checked_mul(1 << (10 * power)).filter(|bytes| i64::try_from(*bytes).is_ok());
            let read = format!("{count}{suffix}").parse::<Quantity>().ok();
            prop_assert_eq!(read.and_then(Quantity::to_bytes), bytes);
            prop_assert_eq!(read, bytes.and_then(Quantity::from_bytes));
        }
    }
}
