//! Key groups: the unit of snapshot, of moving state between shards, and of Flink's rescaling.

/// Number of key groups, fixed for ever (Flink's max-parallelism).
pub const KEY_GROUPS: u16 = 128;

/// Java's `String.hashCode`: over UTF-16 code units, wrapping 32-bit.
pub fn java_hash(text: &str) -> i32 {
    let fold = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    if text.is_ascii() {
        text.bytes().fold(0, |hash, byte| fold(hash, u16::from(byte)))
    } else {
        text.encode_utf16().fold(0, fold)
    }
}

/// Flink's `MathUtils.murmurHash`: a murmur3 finish over one 32-bit word, made non-negative.
pub fn flink_murmur(code: i32) -> i32 {
    let mut k = code as u32;
    k = k.wrapping_mul(0xcc9e_2d51);
    k = k.rotate_left(15);
    k = k.wrapping_mul(0x1b87_3593);
    let mut h = k.rotate_left(13);
    h = h.wrapping_mul(5).wrapping_add(0xe654_6b64);
    h ^= 4;
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^= h >> 16;
    match h as i32 {
        h if h >= 0 => h,
        i32::MIN => 0,
        h => -h,
    }
}

/// A key's group, within `0..KEY_GROUPS`, as Flink's `KeyGroupRangeAssignment.assignToKeyGroup` gives it.
pub fn key_group_of_hash(java_hash: i32) -> u16 {
    (flink_murmur(java_hash) % i32::from(KEY_GROUPS)) as u16
}

/// The group of a text key. See [`key_group_of_hash`].
pub fn key_group(key: &str) -> u16 {
    key_group_of_hash(java_hash(key))
}

/// The shard (of `shards`) that owns a key group: contiguous ranges, as Flink's `computeOperatorIndexForKeyGroup`.
pub fn shard_of_group(group: u16, shards: u16) -> u16 {
    (u32::from(group) * u32::from(shards) / u32::from(KEY_GROUPS)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values printed by a Java program that calls `String.hashCode` and Flink's `MathUtils.murmurHash`.
    #[test]
    fn hash_and_group_are_those_of_java_and_flink() {
        for (text, hash, group) in [
            ("", 0, 94),
            ("a", 97, 81),
            ("veh_1000", 2_003_421_509, 121),
            ("hello", 99_162_322, 35),
            ("é", 233, 30),
            ("drv_2000", -248_909_579, 43),
            ("😀", 1_772_899, 54),
        ] {
            assert_eq!((java_hash(text), key_group(text)), (hash, group), "{text}");
        }
    }

    #[test]
    fn groups_of_a_shard_are_contiguous_and_cover_all() {
        for shards in [1u16, 2, 3, 8] {
            let owners: Vec<u16> = (0..KEY_GROUPS).map(|group| shard_of_group(group, shards)).collect();
            assert!(owners.is_sorted());
            assert_eq!((owners[0], owners[127]), (0, shards - 1));
        }
    }
}
