//! The decimal rule, held by all three back ends: the result of every operation is rounded half away from zero to six fraction
//! digits, and its size must stay below 9.2e12, so that it is an `i64` of millionths. Computed in whole millionths, as on SQLite.

use rust_decimal::{Decimal, RoundingStrategy};

/// Fraction digits kept after each operation.
pub const DIGITS: u32 = 6;
/// Millionths in one.
pub const SCALE: i64 = 1_000_000;
/// Results must be smaller than this many millionths, whatever their sign.
pub const LIMIT: i64 = 9_200_000_000_000 * SCALE;

/// The number in whole millionths, rounded half away from zero; `None` when it is too great.
pub fn to_millionths(number: Decimal) -> Option<i64> {
    let rounded = number.round_dp_with_strategy(DIGITS, RoundingStrategy::MidpointAwayFromZero);
    let mantissa = rounded.mantissa().checked_mul(10_i128.pow(DIGITS.checked_sub(rounded.scale())?))?;
    within_limit(mantissa)
}

/// The number of so many millionths, without trailing zeros; `None` when it is too great.
pub fn from_millionths(millionths: i128) -> Option<Decimal> {
    let millionths = within_limit(millionths)?;
    Some(Decimal::from_i128_with_scale(i128::from(millionths), DIGITS).normalize())
}

/// Brings a number under the rule: rounded, bounded, without trailing zeros or negative zero.
pub fn settle(number: Decimal) -> Option<Decimal> {
    from_millionths(i128::from(to_millionths(number)?))
}

/// Sum.
pub fn add(a: Decimal, b: Decimal) -> Option<Decimal> {
    from_millionths(i128::from(to_millionths(a)?) + i128::from(to_millionths(b)?))
}

/// Difference.
pub fn subtract(a: Decimal, b: Decimal) -> Option<Decimal> {
    from_millionths(i128::from(to_millionths(a)?) - i128::from(to_millionths(b)?))
}

/// Product.
pub fn multiply(a: Decimal, b: Decimal) -> Option<Decimal> {
    let product = i128::from(to_millionths(a)?) * i128::from(to_millionths(b)?);
    from_millionths(divide_half_away(product, i128::from(SCALE)))
}

/// Quotient; the divisor must not be zero.
pub fn divide(a: Decimal, b: Decimal) -> Option<Decimal> {
    let divisor = i128::from(to_millionths(b)?);
    if divisor == 0 {
        return None;
    }
    from_millionths(divide_half_away(i128::from(to_millionths(a)?) * i128::from(SCALE), divisor))
}

/// Remainder with the sign of the dividend; the divisor must not be zero.
pub fn remainder(a: Decimal, b: Decimal) -> Option<Decimal> {
    from_millionths(i128::from(to_millionths(a)?.checked_rem(to_millionths(b)?)?))
}

/// Rounded half away from zero to so many fraction digits, at most six.
pub fn round(number: Decimal, digits: u32) -> Option<Decimal> {
    let step = 10_i128.pow(DIGITS.saturating_sub(digits));
    from_millionths(divide_half_away(i128::from(to_millionths(number)?), step) * step)
}

fn within_limit(millionths: i128) -> Option<i64> {
    let fits = millionths.unsigned_abs() < u128::from(LIMIT.unsigned_abs());
    if fits { i64::try_from(millionths).ok() } else { None }
}

/// Division of whole numbers, rounded half away from zero.
fn divide_half_away(dividend: i128, divisor: i128) -> i128 {
    let quotient = dividend / divisor;
    let rest = dividend % divisor;
    if rest.unsigned_abs() * 2 >= divisor.unsigned_abs() {
        quotient + if (dividend < 0) == (divisor < 0) { 1 } else { -1 }
    } else {
        quotient
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    fn check(result: Option<Decimal>, expected: &str) {
        assert_eq!(result.map(|n| n.to_string()).as_deref(), Some(expected));
    }

    #[test]
    fn results_are_rounded_half_away_from_zero() {
        check(divide(number("2"), number("3")), "0.666667");
        check(divide(number("-2"), number("3")), "-0.666667");
        check(divide(number("1"), number("-2000000")), "-0.000001");
        check(multiply(number("0.001"), number("0.0005")), "0.000001");
        check(multiply(number("-0.001"), number("0.0005")), "-0.000001");
        check(multiply(number("0.001"), number("0.000499")), "0");
        check(round(number("2.5"), 0), "3");
        check(round(number("-2.5"), 0), "-3");
        check(round(number("-0.04"), 1), "0");
        check(round(number("1.2345"), 3), "1.235");
        check(remainder(number("-7.5"), number("2")), "-1.5");
        check(settle(number("1.10")), "1.1");
        check(settle(number("-0.0000001")), "0");
    }

    #[test]
    fn too_great_is_none() {
        assert_eq!(add(number("9199999999999.999999"), number("0.000001")), None);
        check(add(number("9199999999999.999998"), number("0.000001")), "9199999999999.999999");
        assert_eq!(multiply(number("4000000"), number("4000000")), None);
        assert_eq!(settle(Decimal::MAX), None);
        assert_eq!(divide(number("1"), number("0")), None);
        assert_eq!(divide(number("9199999999999"), number("0.5")), None);
    }

    proptest! {
        #[test]
        fn a_sum_less_a_part_is_the_other_part(a in -1_000_000_000i64..1_000_000_000, b in -1_000_000_000i64..1_000_000_000) {
            let (a, b) = (Decimal::new(a, 6), Decimal::new(b, 6));
            prop_assert_eq!(subtract(add(a, b).expect("small"), b), settle(a));
        }
    }
}
