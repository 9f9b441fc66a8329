/* weight ~ within(Time, Chick) * Diet + between(Time, Chick) + (within(Time, Chick) | Chick) in SAS */
/* Write the data first: ranef data ChickWeight --csv > ChickWeight.csv */
proc import datafile="ChickWeight.csv" out=ChickWeight dbms=csv replace;
  guessingrows=max;
run;
proc sql; create table ChickWeight as select *, mean(Time) as Time_mean_Chick from ChickWeight group by Chick; quit;
data ChickWeight;
  set ChickWeight;
  within_Time_Chick = (Time - Time_mean_Chick);
  between_Time_Chick = Time_mean_Chick;
run;
proc mixed data=ChickWeight method=reml;
  class Diet(ref="1") Chick;
  model weight = within_Time_Chick Diet between_Time_Chick within_Time_Chick*Diet / solution cl ddfm=satterthwaite;
  random intercept within_Time_Chick / subject=Chick type=un;
run;
