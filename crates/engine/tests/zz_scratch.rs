//! scratch
mod support;
use support::*;
#[test]
fn scratch() {
    for s in [false, true] {
        let m = maximal(100, 50, 5, s);
        let t = std::time::Instant::now();
        let st = m.statistics();
        let mut c = ranef_engine::lmm::Criterion::new(&st, true);
        let start: Vec<f64> = c.entries().iter().map(|e| if e.is_diagonal() {1.0} else {0.0}).collect();
        let r = ranef_engine::optimize::trust_region(&mut c, &start, &Default::default());
        println!("tr: {} evals {} grads {} conv {}", r.value, r.evaluations, r.gradients, r.converged);
        println!("{:?}", r.theta);
        let f = m.fit(true).unwrap();
        println!("{s} {:.9} {} {} {:?} {:?} {:?}", f.value, f.evaluations, f.gradients, f.certificate, f.singular, t.elapsed());
    }
}
