//! Eight numbers side by side.

use std::ops::{Add, AddAssign, Mul, MulAssign, Sub, SubAssign};

use super::face::Scalar;

/// Levels handled together.
pub(crate) const LANES: usize = 8;

/// Eight numbers.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Lane(pub [f64; LANES]);

impl Lane {
    /// Zero in every lane.
    pub const ZERO: Lane = Lane([0.0; LANES]);

    /// The sum over the lanes.
    #[inline(always)]
    pub fn sum(self) -> f64 {
        self.0.iter().sum()
    }
}

macro_rules! lanewise {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident, $op:tt) => {
        impl $trait for Lane {
            type Output = Lane;
            #[inline(always)]
            fn $method(mut self, other: Lane) -> Lane {
                for i in 0..LANES {
                    self.0[i] $op other.0[i];
                }
                self
            }
        }
        impl $assign for Lane {
            #[inline(always)]
            fn $assign_method(&mut self, other: Lane) {
                *self = self.$method(other);
            }
        }
    };
}
lanewise!(Add, add, AddAssign, add_assign, +=);
lanewise!(Sub, sub, SubAssign, sub_assign, -=);
lanewise!(Mul, mul, MulAssign, mul_assign, *=);

impl Scalar for Lane {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Lane([x; LANES])
    }
    #[inline(always)]
    fn sqrt(mut self) -> Self {
        for x in &mut self.0 {
            *x = x.sqrt();
        }
        self
    }
    #[inline(always)]
    fn reciprocal(mut self) -> Self {
        for x in &mut self.0 {
            *x = 1.0 / *x;
        }
        self
    }
}
