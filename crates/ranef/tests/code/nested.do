// strength ~ 1 + (1 | batch/cask) in Stata
// Write the data first: ranef data Pastes --csv > Pastes.csv
import delimited "Pastes.csv", clear varnames(1) case(preserve)
egen batch_id = group(batch)
egen cask_batch_id = group(cask batch)
mixed strength ///
    || batch_id: ///
    || cask_batch_id: ///
    , reml dfmethod(satterthwaite) stddeviations nolog
