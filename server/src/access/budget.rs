//! Bounds the checks of signatures by public keys: each costs a hundred times that of a secret, and anybody may send
//! tokens that nobody has signed.

use std::cell::Cell;

/// The checks of one second.
#[derive(Debug, Clone, Copy, Default)]
struct Budget {
    second: u64,
    used: u32,
}

thread_local! {
    static BUDGET: Cell<Budget> = Cell::default();
}

/// Counts one check of this thread in the given second; returns `false` if the limit has been reached.
pub fn take(now: u64, most: u32) -> bool {
    BUDGET.with(|cell| {
        let mut budget = cell.get();
        let taken = budget.take(now, most);
        cell.set(budget);
        taken
    })
}

impl Budget {
    const fn take(&mut self, now: u64, most: u32) -> bool {
        if self.second != now {
            *self = Self { second: now, used: 0 };
        }
        let is_left = self.used < most;
        self.used += is_left as u32;
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_checks_and_the_next_one_has_them_again() {
        let mut budget = Budget::default();
        let taken = |budget: &mut Budget, now| (0..5).filter(|_| budget.take(now, 3)).count();
        assert_eq!([taken(&mut budget, 7), taken(&mut budget, 7), taken(&mut budget, 8)], [3, 0, 3]);
        // A clock that was set back.
        assert_eq!(taken(&mut budget, 1), 3);
    }
}
