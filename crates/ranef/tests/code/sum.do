// distance ~ age * Sex + (age | Subject) in Stata
// Write the data first: ranef data Orthodont --csv > Orthodont.csv
import delimited "Orthodont.csv", clear varnames(1) case(preserve)
generate double Sex_1 = (Sex == "Male") + (-1)*(Sex == "Female") if !missing(Sex)
generate double age_x_Sex_1 = age*Sex_1
egen Subject_id = group(Subject)
mixed distance age Sex_1 age_x_Sex_1 ///
    || Subject_id: age, covariance(unstructured) ///
    , reml dfmethod(satterthwaite) stddeviations nolog
