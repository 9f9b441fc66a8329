//! A hash table from 64-bit keys to codes, and nothing more: open addressing, linear probing,
//! multiplicative hashing. The general tables of the standard library cost a million rows 20 ms
//! with their hash that withstands attacks; here the keys are ids of one's own data.

/// Keys to codes; the codes are given out in the order of first sight.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyTable {
    slots: Vec<Slot>,
    used: usize,
    shift: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    key: u64,
    code: u32,
}

/// No code: the slot is free, the level is new.
pub(crate) const NONE: u32 = u32::MAX;

impl KeyTable {
    /// The code of a key, or [`NONE`].
    #[inline]
    pub(crate) fn get(&self, key: u64) -> u32 {
        if self.slots.is_empty() {
            return NONE;
        }
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        loop {
            let slot = self.slots[at];
            if slot.code == NONE || slot.key == key {
                return slot.code;
            }
            at = (at + 1) & mask;
        }
    }

    /// The code of a key; a new key gets `fresh`.
    #[inline]
    pub(crate) fn get_or_insert(&mut self, key: u64, fresh: u32) -> u32 {
        if 2 * (self.used + 1) > self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        loop {
            let slot = self.slots[at];
            if slot.code == NONE {
                self.slots[at] = Slot { key, code: fresh };
                self.used += 1;
                return fresh;
            }
            if slot.key == key {
                return slot.code;
            }
            at = (at + 1) & mask;
        }
    }

    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// The keys, in no order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = u64> {
        self.slots
            .iter()
            .filter(|slot| slot.code != NONE)
            .map(|slot| slot.key)
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        // Fibonacci hashing (Knuth 1998, vol. 3, section 6.4), folded once so that the low half
        // of a floating-point key, often all zeros, does not hide differences in the high half.
        let mixed = (key ^ (key >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> self.shift) as usize
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        let old = std::mem::replace(&mut self.slots, vec![Slot { key: 0, code: NONE }; size]);
        self.shift = 64 - size.trailing_zeros();
        self.used = 0;
        for slot in old.into_iter().filter(|slot| slot.code != NONE) {
            self.get_or_insert(slot.key, slot.code);
        }
    }
}
