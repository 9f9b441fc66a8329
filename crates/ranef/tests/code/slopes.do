// Reaction ~ Days + (Days | Subject) in Stata
// Write the data first: ranef data sleepstudy --csv > sleepstudy.csv
import delimited "sleepstudy.csv", clear varnames(1) case(preserve)
egen Subject_id = group(Subject)
mixed Reaction Days ///
    || Subject_id: Days, covariance(unstructured) ///
    , reml dfmethod(satterthwaite) stddeviations nolog
