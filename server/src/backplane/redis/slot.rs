//! The slot of a key's hash tag, of 16384: CRC-16/XMODEM, as specified for Redis Cluster.

const SLOTS: u16 = 16384;

/// Returns the slot of a hash tag, the text between the braces of a key.
pub fn of_tag(tag: &str) -> u16 {
    let crc = tag.bytes().fold(0_u16, |crc, byte| {
        (0..8)
            .fold(crc ^ (u16::from(byte) << 8), |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    #[test]
    fn slots_are_those_of_the_specification() {
        // CRC-16/XMODEM of "123456789" is 0x31C3.
        assert_eq!(super::of_tag("123456789"), 0x31C3 % super::SLOTS);
        // The answers of `CLUSTER KEYSLOT`.
        assert_eq!([super::of_tag("foo"), super::of_tag("")], [12182, 0]);
    }
}
