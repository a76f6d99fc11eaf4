-- Indexes for the lists that pages ask for: newest first, of one state, view or verdict, between two times.

drop index candidate_by_state;
create index candidate_by_time on candidate (raised_at desc, id desc);
create index candidate_by_state on candidate (state, raised_at desc, id desc);
create index candidate_by_view on candidate (view_id, raised_at desc, id desc);
create index candidate_by_verdict on candidate (verdict, raised_at desc, id desc) where verdict is not null;
create index look_with_picture on look (view_id, id desc) where picture_sha256 is not null;
create index verdict_by_duplicate on verdict (duplicate_of) where duplicate_of is not null;
create index baseline_by_look on baseline (look_id) where look_id is not null;
create index candidate_urgent on candidate (state, raised_at desc, id desc) where severity = 'urgent';
-- Most looks see nothing; the few that do are found without walking over the others.
create index look_of_note on look (view_id, result, id desc) where result in ('changed', 'not_judged', 'learning');
