// weight ~ within(Time, Chick) * Diet + between(Time, Chick) + (within(Time, Chick) | Chick) in Stata
// Write the data first: ranef data ChickWeight --csv > ChickWeight.csv
import delimited "ChickWeight.csv", clear varnames(1) case(preserve)
egen double Time_mean_Chick = mean(Time), by(Chick)
generate double within_Time_Chick = (Time - Time_mean_Chick)
generate double between_Time_Chick = Time_mean_Chick
egen Chick_id = group(Chick)
egen Diet_code = group(Diet), label
mixed weight within_Time_Chick i.Diet_code between_Time_Chick c.within_Time_Chick#i.Diet_code ///
    || Chick_id: within_Time_Chick, covariance(unstructured) ///
    , reml dfmethod(satterthwaite) stddeviations nolog
