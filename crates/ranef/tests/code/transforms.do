// log(score + 1) ~ poly(ses, 2) + scale(`pre test`) + I(ses > 0) + ns(ses, 3) + (1 | school) in Stata
import delimited "pupils.csv", clear varnames(1) case(preserve)
// The column `pre test` is called pre_test here: rename it if it is not.
generate double log_score_1 = ln(score + 1)
generate double poly_ses_2_raw_1 = ses - (-0.01041666666666646)
generate double poly_ses_2_1 = poly_ses_2_raw_1/38.029251351207705
generate double poly_ses_2_raw_2 = (ses - (-0.021085989316047767))*poly_ses_2_raw_1 - 6.025933159722222*1
generate double poly_ses_2_2 = poly_ses_2_raw_2/83.03893353035241
generate double scale_pre_test = ((pre_test - 8.958333333333334)/5.489275711623055)
generate double I_ses_0 = (ses > 0) if !missing(ses)
egen school_id = group(school)
// NOT TRANSLATED: `ns(ses, 3)`: its basis has no counterpart here; make its columns elsewhere and merge them (columns ns_ses_3_1, ns_ses_3_2, ns_ses_3_3)
mixed log_score_1 poly_ses_2_1 poly_ses_2_2 scale_pre_test I_ses_0 ns_ses_3_1 ns_ses_3_2 ns_ses_3_3 ///
    || school_id: ///
    , reml dfmethod(satterthwaite) stddeviations nolog
