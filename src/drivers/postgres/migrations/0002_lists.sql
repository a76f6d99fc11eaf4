-- Indexes for the lists that pages ask for: newest first, of one view, of one verdict, of one day.

create index candidate_by_view on candidate (view_id, id desc);
create index candidate_by_verdict on candidate (verdict, id desc) where verdict is not null;
create index candidate_by_raised on candidate (raised_at);
create index look_with_picture on look (view_id, id desc) where picture_sha256 is not null;
create index verdict_by_duplicate on verdict (duplicate_of) where duplicate_of is not null;
create index baseline_by_look on baseline (look_id) where look_id is not null;
