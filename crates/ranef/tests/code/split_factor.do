// score ~ Machine + (Machine || Worker) in Stata
// Write the data first: ranef data Machines --csv > Machines.csv
import delimited "Machines.csv", clear varnames(1) case(preserve)
egen Worker_id = group(Worker)
generate double Machine_B = (Machine == "B") if !missing(Machine)
generate double Machine_C = (Machine == "C") if !missing(Machine)
label define Machine_code 1 "A" 2 "B" 3 "C"
encode Machine, generate(Machine_code) label(Machine_code)
mixed score i.Machine_code ///
    || Worker_id: Machine_B Machine_C, covariance(independent) ///
    , reml dfmethod(satterthwaite) stddeviations nolog
