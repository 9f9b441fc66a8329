// score ~ ses + (ses | school) + (1 | class) in Stata
import delimited "pupils.csv", clear varnames(1) case(preserve)
egen school_id = group(school)
egen class_id = group(class)
mixed score ses ///
    || school_id: ses, covariance(unstructured) ///
    || class_id: ///
    , reml dfmethod(satterthwaite) stddeviations nolog
