// score ~ ses + (ses | school) + (ses | item) in Stata
import delimited "pupils.csv", clear varnames(1) case(preserve)
egen school_id = group(school)
egen item_id = group(item)
// NOT TRANSLATED: the random effects (Intercept), ses of `school`, which is crossed with another factor: mixed takes random intercepts only there
mixed score ses ///
    || item_id: ses, covariance(unstructured) ///
    , reml dfmethod(satterthwaite) stddeviations nolog
