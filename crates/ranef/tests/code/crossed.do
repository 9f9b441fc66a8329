// diameter ~ 1 + (1 | plate) + (1 | sample) in Stata
// Write the data first: ranef data Penicillin --csv > Penicillin.csv
import delimited "Penicillin.csv", clear varnames(1) case(preserve)
egen sample_id = group(sample)
egen plate_id = group(plate)
mixed diameter ///
    || _all: R.sample_id ///
    || plate_id: ///
    , reml dfmethod(residual) stddeviations nolog
