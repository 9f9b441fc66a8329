/* score ~ ses * treat in SAS */
proc import datafile="pupils.csv" out=pupils dbms=csv replace;
  guessingrows=max;
run;
proc mixed data=pupils method=reml;
  class treat(ref="ctrl");
  model score = ses treat ses*treat / solution cl ddfm=residual;
run;
