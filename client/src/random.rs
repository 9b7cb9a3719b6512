//! Randomness for the tasks; what decides gets it as an argument.

/// Uniform from 0.0 up to 1.0. Without a source of randomness the middle: delays lose their jitter, nothing else.
pub(crate) fn unit() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    getrandom::u64().map_or(0.5, |bits| (bits >> 11) as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_stays_below_one() {
        assert!((0..1000).all(|_| (0.0..1.0).contains(&super::unit())));
    }
}
