// yield ~ nitro + (1 | Block/Variety) in Stata
// Write the data first: ranef data Oats --csv > Oats.csv
import delimited "Oats.csv", clear varnames(1) case(preserve)
egen Block_id = group(Block)
egen Variety_Block_id = group(Variety Block)
mixed yield nitro ///
    || Block_id: ///
    || Variety_Block_id: ///
    , reml dfmethod(kroger) stddeviations nolog
