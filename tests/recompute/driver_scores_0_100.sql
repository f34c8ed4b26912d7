-- Scores of 0 to 100 over all windows from fixes and plans, see parts/score_windows.sql. Result: windows with a score compared, those
-- of all windows that differ (none under 50 km). Within 0.01: of the metres only 0.01 % are known.
WITH
{{score_windows}}
SELECT countIf(isFinite(score)), countIf(abs(km - 50) > 0.005 AND if(km < 50, isFinite(score), NOT abs(score - points) < 0.01))
FROM compared
