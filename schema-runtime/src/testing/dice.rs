//! Random numbers that are the same on every machine.

/// Numbers by dice, the same on every machine for the same seed, so that a test that fails fails again.
///
/// ```
/// use schema_runtime::testing::Dice;
///
/// let (mut one, mut other) = (Dice::new(7), Dice::new(7));
/// assert_eq!(one.roll(1_000), other.roll(1_000));
/// ```
///
/// xorshift64*: <https://vigna.di.unimi.it/ftp/papers/xorshift.pdf>.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall as this seed says.
    pub fn new(seed: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        // Seeds that follow each other begin alike.
        for _ in 0..4 {
            dice.roll(2);
        }
        dice
    }

    /// A number from 0 to below `sides`; 0 where that is 0.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides.max(1)
    }

    /// A place in something of this length; 0 where that is 0.
    pub fn at(&mut self, len: usize) -> usize {
        // Below `len`, so it fits.
        usize::try_from(self.roll(len as u64)).unwrap_or_default()
    }

    /// True once in so many times.
    pub fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    /// One of the list.
    ///
    /// # Panics
    /// Where the list is empty.
    pub fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.at(list.len())]
    }
}
