/* score ~ ses + offset(2 * ses) + (1 | school) in SAS */
proc import datafile="pupils.csv" out=pupils dbms=csv replace;
  guessingrows=max;
run;
data pupils;
  set pupils;
  v_2_ses = 2 * ses;
  score_less_offset = score - v_2_ses - o;
run;
proc mixed data=pupils method=reml;
  class school;
  model score_less_offset = ses / solution cl ddfm=none;
  random intercept / subject=school;
  weight w;
run;
