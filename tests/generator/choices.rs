//! Decisions read off a tape of numbers. Fewer and smaller numbers decide for simpler things, which is how a failure shrinks.

/// What is left of a tape; behind its end stand zeros.
pub struct Choices {
    tape: std::vec::IntoIter<u16>,
}

impl Choices {
    pub fn new(tape: Vec<u16>) -> Self {
        Self { tape: tape.into_iter() }
    }

    /// A number below `n`, 0 being the simplest.
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.tape.next().unwrap_or(0)) % n.max(1)
    }

    /// True in so many of a hundred cases, false being simpler.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of these, the first being the simplest.
    pub fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }
}
