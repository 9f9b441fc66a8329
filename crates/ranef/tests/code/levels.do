// yield ~ relevel(Variety, "Victory") * factor(nitro) + (1 | Block/Variety) in Stata
// Write the data first: ranef data Oats --csv > Oats.csv
import delimited "Oats.csv", clear varnames(1) case(preserve)
egen Block_id = group(Block)
egen Variety_Block_id = group(Variety Block)
label define Variety_code 1 "Victory" 2 "Golden Rain" 3 "Marvellous"
encode Variety, generate(Variety_code) label(Variety_code)
egen nitro_code = group(nitro), label
mixed yield i.Variety_code i.nitro_code i.Variety_code#i.nitro_code ///
    || Block_id: ///
    || Variety_Block_id: ///
    , reml dfmethod(satterthwaite) stddeviations nolog
