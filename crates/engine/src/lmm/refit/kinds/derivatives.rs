//! What the kinds of a design add to gradient, second derivatives and scores.

use super::kernel::{Kernel, Places};

impl<S: Places> Kernel<S> {
    #[inline(always)]
    pub(super) fn derivatives(
        &mut self,
        directions: &[f64],
        beta: &[f64],
        covariance: &[f64],
        exact: bool,
        out: &mut [f64],
    ) {
        match self.k {
            1 => self.derivative_pass::<1>(directions, beta, covariance, exact, out),
            2 => self.derivative_pass::<2>(directions, beta, covariance, exact, out),
            3 => self.derivative_pass::<3>(directions, beta, covariance, exact, out),
            _ => self.derivative_pass::<0>(directions, beta, covariance, exact, out),
        }
    }

    /// Writes Σ K − NΦN', Σ vv', Σ g_i'Kg_j (lower) and Σ N'g_i; with `exact` also
    /// Σ tr(KD_i(K − 2NΦN')D_j) (lower) and Σ N'D_iN.
    #[inline(always)]
    fn derivative_pass<const K: usize>(
        &mut self,
        directions: &[f64],
        beta: &[f64],
        covariance: &[f64],
        exact: bool,
        out: &mut [f64],
    ) {
        let k = if K > 0 { K } else { self.k };
        let (p, m) = (self.p, directions.len() / (k * k));
        let zero = S::splat(0.0);
        for sums in [
            &mut self.score,
            &mut self.residual,
            &mut self.forms,
            &mut self.projections,
            &mut self.traces,
            &mut self.between,
        ] {
            sums.fill(zero);
        }
        for chunk in 0..self.chunks {
            let own = &self.own[chunk * k * k..(chunk + 1) * k * k];
            let fixed = &self.fixed[chunk * k * p..(chunk + 1) * k * p];
            let conditional = &self.conditional[chunk * k * k..(chunk + 1) * k * k];
            let (sums, count) = (&self.sums[chunk * k..(chunk + 1) * k], self.count[chunk]);
            let squares = &self.squares[chunk * k * k..(chunk + 1) * k * k];
            // B = I − AC.
            for i in 0..k {
                for j in 0..k {
                    let mut sum = S::splat(if i == j { 1.0 } else { 0.0 });
                    for a in 0..k {
                        sum -= own[i * k + a] * conditional[a * k + j];
                    }
                    self.b[i * k + j] = sum;
                }
            }
            for i in 0..k {
                for j in 0..=i {
                    let mut sum = zero;
                    for a in 0..k {
                        sum += self.b[i * k + a] * own[a * k + j];
                    }
                    self.kept[i * k + j] = sum;
                    self.kept[j * k + i] = sum;
                }
                for x in 0..p {
                    let mut sum = zero;
                    for a in 0..k {
                        sum += self.b[i * k + a] * fixed[a * p + x];
                    }
                    self.rest[i * p + x] = sum;
                }
                let mut sum = zero;
                for x in 0..p {
                    sum += fixed[i * p + x] * S::splat(beta[x]);
                }
                self.fitted[i] = sum;
            }
            // Σ (r − f)(r − f)' = Σ rr' − (Σr)f' − f(Σr)' + n ff'.
            for i in 0..k {
                for j in 0..k {
                    let (f, g) = (self.fitted[i], self.fitted[j]);
                    self.spread[i * k + j] =
                        squares[i * k + j] - sums[i] * g - f * sums[j] + count * f * g;
                }
            }
            for i in 0..k {
                for j in 0..k {
                    let mut sum = zero;
                    for a in 0..k {
                        sum += self.b[i * k + a] * self.spread[a * k + j];
                    }
                    self.half[i * k + j] = sum;
                }
            }
            for i in 0..k {
                for j in 0..=i {
                    let mut sum = zero;
                    for a in 0..k {
                        sum += self.half[i * k + a] * self.b[j * k + a];
                    }
                    self.spread[i * k + j] = sum;
                    self.residual[i * k + j] += sum;
                    if i != j {
                        self.spread[j * k + i] = sum;
                        self.residual[j * k + i] += sum;
                    }
                }
            }
            for i in 0..k {
                for j in 0..=i {
                    let kept = self.kept[i * k + j];
                    let mut sum = kept;
                    if !covariance.is_empty() {
                        for x in 0..p {
                            let mut half = zero;
                            for z in 0..p {
                                half += S::splat(covariance[x * p + z]) * self.rest[j * p + z];
                            }
                            sum -= self.rest[i * p + x] * half;
                        }
                    }
                    // K − 2R, with K − R in hand.
                    self.taken[i * k + j] = sum + sum - kept;
                    self.taken[j * k + i] = sum + sum - kept;
                    let sum = sum * count;
                    self.score[i * k + j] += sum;
                    if i != j {
                        self.score[j * k + i] += sum;
                    }
                }
            }
            // Σ v.
            for i in 0..k {
                let mut sum = zero;
                for a in 0..k {
                    sum += self.b[i * k + a] * (sums[a] - count * self.fitted[a]);
                }
                self.total[i] = sum;
            }
            for (i, change) in directions.chunks_exact(k * k).enumerate() {
                // D_iΣv, then N' times it.
                for a in 0..k {
                    let mut sum = zero;
                    for b in 0..k {
                        sum += S::splat(change[a * k + b]) * self.total[b];
                    }
                    for x in 0..p {
                        self.projections[i * p + x] += self.rest[a * p + x] * sum;
                    }
                }
                // KD_iΣvv', then tr(D_jKD_iΣvv').
                for a in 0..k {
                    for b in 0..k {
                        let mut sum = zero;
                        for c in 0..k {
                            sum += S::splat(change[a * k + c]) * self.spread[c * k + b];
                        }
                        self.half[a * k + b] = sum;
                    }
                }
                for a in 0..k {
                    for b in 0..k {
                        let mut sum = zero;
                        for c in 0..k {
                            sum += self.kept[a * k + c] * self.half[c * k + b];
                        }
                        self.w[a * k + b] = sum;
                    }
                }
                for (j, other) in directions.chunks_exact(k * k).take(i + 1).enumerate() {
                    let mut sum = zero;
                    for a in 0..k {
                        for b in 0..k {
                            sum += S::splat(other[b * k + a]) * self.w[a * k + b];
                        }
                    }
                    self.forms[i * m + j] += sum;
                }
                if !exact {
                    continue;
                }
                // KD_i, then KD_i(K − 2R).
                for a in 0..k {
                    for b in 0..k {
                        let mut sum = zero;
                        for c in 0..k {
                            sum += self.kept[a * k + c] * S::splat(change[c * k + b]);
                        }
                        self.half[a * k + b] = sum;
                    }
                }
                for a in 0..k {
                    for b in 0..k {
                        let mut sum = zero;
                        for c in 0..k {
                            sum += self.half[a * k + c] * self.taken[c * k + b];
                        }
                        self.w[a * k + b] = sum * count;
                    }
                }
                for (j, other) in directions.chunks_exact(k * k).take(i + 1).enumerate() {
                    let mut sum = self.traces[i * m + j];
                    for a in 0..k {
                        for b in 0..k {
                            sum += S::splat(other[b * k + a]) * self.w[a * k + b];
                        }
                    }
                    self.traces[i * m + j] = sum;
                }
                if covariance.is_empty() {
                    continue;
                }
                for z in 0..p {
                    // D_iN of one column, times the number of levels.
                    for a in 0..k {
                        let mut sum = zero;
                        for b in 0..k {
                            sum += S::splat(change[a * k + b]) * self.rest[b * p + z];
                        }
                        self.half[a] = sum * count;
                    }
                    for x in 0..p {
                        let mut sum = self.between[(i * p + x) * p + z];
                        for a in 0..k {
                            sum += self.rest[a * p + x] * self.half[a];
                        }
                        self.between[(i * p + x) * p + z] = sum;
                    }
                }
            }
        }
        let all = [
            &self.score,
            &self.residual,
            &self.forms,
            &self.projections,
            &self.traces,
            &self.between,
        ];
        for (out, sum) in out.iter_mut().zip(all.into_iter().flatten()) {
            *out = sum.total();
        }
    }
}
