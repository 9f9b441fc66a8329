/* log(score + 1) ~ poly(ses, 2) + scale(`pre test`) + I(ses > 0) + ns(ses, 3) + (1 | school) in SAS */
proc import datafile="pupils.csv" out=pupils dbms=csv replace;
  guessingrows=max;
run;
/* The column `pre test` is called pre_test here: rename it if it is not. */
data pupils;
  set pupils;
  log_score_1 = log(score + 1);
  poly_ses_2_raw_1 = ses - (-0.01041666666666646);
  poly_ses_2_1 = poly_ses_2_raw_1/38.029251351207705;
  poly_ses_2_raw_2 = (ses - (-0.021085989316047767))*poly_ses_2_raw_1 - 6.025933159722222*1;
  poly_ses_2_2 = poly_ses_2_raw_2/83.03893353035241;
  scale_pre_test = ((pre_test - 8.958333333333334)/5.489275711623055);
  if cmiss(ses) = 0 then I_ses_0 = (ses > 0);
run;
/* NOT TRANSLATED: `ns(ses, 3)`: its basis has no counterpart here; make its columns elsewhere and merge them (columns ns_ses_3_1, ns_ses_3_2, ns_ses_3_3) */
proc mixed data=pupils method=reml;
  class school;
  model log_score_1 = poly_ses_2_1 poly_ses_2_2 scale_pre_test I_ses_0 ns_ses_3_1 ns_ses_3_2 ns_ses_3_3 / solution cl ddfm=satterthwaite;
  random intercept / subject=school;
run;
